using Xunit;

namespace MessageWebSockets.Tests.Errors;

public sealed class ContractErrorTests
{
    [Fact]
    public void ContractError_IllegalMethodCall_has_the_HResult_of_the_reference()
    {
        var error = ContractError.IllegalMethodCall("not now");
        Assert.Equal(unchecked((int)0x8000000E), error.HResult);
        Assert.Equal("not now", error.Message);
    }

    [Fact]
    public void ContractError_Closed_has_the_HResult_of_the_reference()
    {
        var error = ContractError.Closed("DataReader");
        Assert.Equal(unchecked((int)0x80000013), error.HResult);
        Assert.Equal("DataReader", error.ObjectName);
    }

    [Fact]
    public void ContractError_OutOfBounds_has_the_HResult_of_the_reference()
    {
        var error = ContractError.OutOfBounds("count", "too far");
        Assert.Equal(unchecked((int)0x8000000B), error.HResult);
        Assert.Equal("count", error.ParamName);
    }

    [Fact]
    public void ContractError_Canceled_is_a_cancellation_by_the_token_with_its_cause()
    {
        using CancellationTokenSource source = new();
        InvalidOperationException cause = new();
        OperationCanceledException error = ContractError.Canceled(source.Token, cause);
        Assert.Equal(unchecked((int)0x80072EF1), error.HResult);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Same(cause, error.InnerException);
        Assert.Equal("The operation was cancelled.", error.Message);
    }

    [Fact]
    public void ContractError_ThrowIfUndefined_refuses_what_is_no_member_and_names_it()
    {
        ContractError.ThrowIfUndefined(DayOfWeek.Saturday, "day");
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => ContractError.ThrowIfUndefined((DayOfWeek)7, "day"));
        Assert.Equal(unchecked((int)0x80070057), error.HResult);
        Assert.Equal("day", error.ParamName);
        Assert.Equal((DayOfWeek)7, error.ActualValue);
        Assert.StartsWith("The value is no member of DayOfWeek.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StrictUtf8_refuses_half_a_surrogate_pair_and_says_where_it_is()
    {
        Assert.Equal([0x61, 0xC3, 0xA4], StrictUtf8.GetBytes("a\u00E4", "text"));
        ArgumentException error = Assert.Throws<ArgumentException>(() => StrictUtf8.GetBytes("a\uD800b", "text"));
        Assert.Equal("text", error.ParamName);
        Assert.StartsWith("The text has half a surrogate pair at index 1;", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ProtocolViolationException_says_what_the_peer_sent_and_what_to_tell_it()
    {
        Assert.Equal(1003, ProtocolViolationException.TextInStream().CloseCode);
        Assert.Equal(
            "it sent a text message, and a stream carries binary ones only. "
            + "A gateway that sends base64 as text has to be told to speak binary.",
            ProtocolViolationException.TextInStream().Message);
        Assert.Equal(1007, ProtocolViolationException.InvalidText().CloseCode);
        Assert.Contains("text that is not UTF-8", ProtocolViolationException.InvalidText().Message, StringComparison.Ordinal);
    }
}
