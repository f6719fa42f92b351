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
}
