using FsCheck;
using FsCheck.Fluent;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>One thing that can happen to bytes on their way. Positions are thousandths, so that they fit any length.</summary>
internal sealed record Damage(Damage.Kind What, int From, int Length, byte Value)
{
    public enum Kind
    {
        Replace,
        Flip,
        Insert,
        Remove,
        Repeat,
        Truncate,
    }

    public static Gen<Damage> Any { get; } =
        from what in Gen.Elements(Enum.GetValues<Kind>())
        from position in Gen.Choose(0, 1000)
        from length in Gen.Choose(1, 20)
        from value in Gen.Choose(0, 255)
        select new Damage(what, position, length, (byte)value);

    public byte[] To(byte[] bytes)
    {
        int at = (int)((long)From * bytes.Length / 1001);
        int end = Math.Min(bytes.Length, at + Length);
        return What switch
        {
            _ when bytes.Length == 0 => [Value],
            Kind.Replace => [.. bytes[..at], Value, .. bytes[(at + 1)..]],
            Kind.Flip => [.. bytes[..at], (byte)(bytes[at] ^ (1 << (Value & 7))), .. bytes[(at + 1)..]],
            Kind.Insert => [.. bytes[..at], .. Enumerable.Repeat(Value, Length), .. bytes[at..]],
            Kind.Remove => [.. bytes[..at], .. bytes[end..]],
            Kind.Repeat => [.. bytes[..end], .. bytes[at..]],
            _ => bytes[..at],
        };
    }
}
