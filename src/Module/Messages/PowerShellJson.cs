using System.Management.Automation;
using System.Reflection;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// The methods behind ConvertFrom-Json and ConvertTo-Json, which are public: JSON here is what it is there, without a pipeline for
/// each message.
/// </summary>
/// <remarks>
/// Bound by name, and once: a reference to their assembly would bring PowerShell's own System.Management.Automation in place of
/// the stubs that the module is compiled against.
/// </remarks>
internal abstract class PowerShellJson
{
    private const string TypeName = "Microsoft.PowerShell.Commands.JsonObject";
    private const string AssemblyName = "Microsoft.PowerShell.Commands.Utility";

    private static readonly Lazy<PowerShellJson> Bound = new(static () => Bind(Type.GetType($"{TypeName}, {AssemblyName}")));

    private readonly ReadMethod _read;

    private PowerShellJson(Type type) => _read = MethodOf<ReadMethod>(type, "ConvertFromJson");

    private delegate object? ReadMethod(string input, bool returnHashtable, int? maxDepth, out ErrorRecord? error);

    private delegate string? WriteMethod<TContext>(object? objectToProcess, in TContext context);

    /// <summary>The methods of the running PowerShell.</summary>
    /// <exception cref="NotSupportedException">It does not have them.</exception>
    public static PowerShellJson Instance => Bound.Value;

    /// <summary>The methods of a type.</summary>
    /// <exception cref="NotSupportedException">It does not have them.</exception>
    internal static PowerShellJson Bind(Type? type)
    {
        Type context = type?.GetNestedType("ConvertToJsonContext") ?? throw Missing(type is null ? AssemblyName : "ConvertToJsonContext");
        try
        {
            return (PowerShellJson)Activator.CreateInstance(
                typeof(Binding<>).MakeGenericType(context),
                BindingFlags.Instance | BindingFlags.Public,
                binder: null,
                [type],
                culture: null)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is NotSupportedException missing)
        {
            throw missing;
        }
    }

    /// <summary>Reads as ConvertFrom-Json does.</summary>
    /// <returns>The value, or what is wrong with the text.</returns>
    public object? Read(string text, bool asHashtable, out ErrorRecord? error)
    {
        // As ConvertFrom-Json.
        const int MaxDepth = 1024;
        return _read(text, asHashtable, MaxDepth, out error);
    }

    /// <summary>Writes as ConvertTo-Json -Compress does; null when it was stopped.</summary>
    /// <param name="depth">How deep to follow objects in objects.</param>
    /// <param name="cmdlet">Whose warning it is that an object goes deeper.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public abstract Func<object?, string?> Writer(int depth, PSCmdlet cmdlet, CancellationToken cancellationToken);

    private static NotSupportedException Missing(string what) => new(
        "This PowerShell has no "
        + $"{(what == AssemblyName ? $"{TypeName} in {AssemblyName}" : $"{TypeName}.{what} of the form this module knows")}, "
        + "by which JSON is read and written.");

    private static T MethodOf<T>(Type type, string name)
        where T : Delegate
    {
        Type[] parameters = [.. typeof(T).GetMethod("Invoke")!.GetParameters().Select(static parameter => parameter.ParameterType)];
        return type.GetMethod(name, BindingFlags.Public | BindingFlags.Static, parameters) is { } method
            && Delegate.CreateDelegate(typeof(T), method, throwOnBindFailure: false) is T bound
                ? bound
                : throw Missing(name);
    }

    // The context of a conversion is a type that only the running PowerShell has.
    private sealed class Binding<TContext> : PowerShellJson
        where TContext : struct
    {
        private readonly WriteMethod<TContext> _write;
        private readonly ConstructorInfo _newContext;
        private readonly object _defaultEscaping;

        public Binding(Type type)
            : base(type)
        {
            _write = MethodOf<WriteMethod<TContext>>(type, "ConvertToJson");

            // maxDepth, enumsAsStrings, compressOutput, stringEscapeHandling (of Newtonsoft), targetCmdlet, cancellationToken
            _newContext = typeof(TContext).GetConstructors().FirstOrDefault(static constructor =>
                constructor.GetParameters().Select(static parameter => parameter.ParameterType).ToArray()
                    is [var depth, var enums, var compress, { IsEnum: true }, var cmdlet, var cancellation]
                && depth == typeof(int) && enums == typeof(bool) && compress == typeof(bool) && cmdlet == typeof(PSCmdlet)
                && cancellation == typeof(CancellationToken))
                ?? throw Missing("ConvertToJsonContext");
            _defaultEscaping = Enum.ToObject(_newContext.GetParameters()[3].ParameterType, 0);
        }

        public override Func<object?, string?> Writer(int depth, PSCmdlet cmdlet, CancellationToken cancellationToken)
        {
            TContext context = (TContext)_newContext.Invoke([depth, false, true, _defaultEscaping, cmdlet, cancellationToken]);
            return value => _write(value, in context);
        }
    }
}
