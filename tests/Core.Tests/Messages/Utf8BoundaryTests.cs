using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class Utf8BoundaryTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("61", 0)]
    [InlineData("C3", 1)]
    [InlineData("61C3", 1)]
    [InlineData("C3A9", 0)]
    [InlineData("E2", 1)]
    [InlineData("E282", 2)]
    [InlineData("E282AC", 0)]
    [InlineData("F0", 1)]
    [InlineData("F09F", 2)]
    [InlineData("F09F98", 3)]
    [InlineData("F09F9880", 0)]
    [InlineData("F09F9880E2", 1)]
    [InlineData("80", 0)] // a continuation without a start: invalid, never finished by what follows
    [InlineData("80808080", 0)]
    [InlineData("FF", 0)]
    [InlineData("C0", 0)] // overlong
    [InlineData("E080", 0)] // overlong
    [InlineData("EDA0", 0)] // half a surrogate pair
    [InlineData("F490", 0)] // beyond U+10FFFF
    public void Utf8Boundary_UnfinishedLength_counts_the_bytes_of_an_unfinished_character(string chunk, int expected) =>
        Assert.Equal(expected, Utf8Boundary.UnfinishedLength(Convert.FromHexString(chunk)));

    [Fact]
    public void Utf8Boundary_cuts_any_text_at_any_place_into_chunks_of_whole_characters() =>
        Prop.ForAll(WriteOperations.Text.ToArbitrary(), Gen.Choose(1, 5).ToArbitrary(), (text, size) =>
        {
            var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
            var whole = new StringBuilder();
            byte[] carried = [];
            foreach (var received in strict.GetBytes(text).Chunk(size))
            {
                byte[] chunk = [.. carried, .. received];
                var kept = chunk.Length - Utf8Boundary.UnfinishedLength(chunk);
                whole.Append(strict.GetString(chunk, 0, kept));
                carried = chunk[kept..];
            }

            return carried.Length == 0 && whole.ToString() == text;
        }).QuickCheckThrowOnFailure();
}
