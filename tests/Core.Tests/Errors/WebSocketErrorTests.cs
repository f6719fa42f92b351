using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

public sealed class WebSocketErrorTests
{
    [Theory]
    [InlineData(0x80072EE7, WebErrorStatus.HostNameNotResolved, 15)]
    [InlineData(0x80072EFD, WebErrorStatus.CannotConnect, 14)]
    [InlineData(0x80072EE2, WebErrorStatus.Timeout, 7)]
    [InlineData(0x80072EFE, WebErrorStatus.ConnectionAborted, 9)]
    [InlineData(0x80072EFF, WebErrorStatus.ConnectionReset, 10)]
    [InlineData(0x80072EF1, WebErrorStatus.OperationCanceled, 16)]
    [InlineData(0x80072F78, WebErrorStatus.ErrorHttpInvalidServerResponse, 8)]
    [InlineData(0x80072F06, WebErrorStatus.CertificateCommonNameIsIncorrect, 1)]
    [InlineData(0x80072F05, WebErrorStatus.CertificateExpired, 2)]
    [InlineData(0x80072F0D, WebErrorStatus.CertificateIsInvalid, 5)]
    [InlineData(0x80072F8A, WebErrorStatus.CertificateRevoked, 4)]
    [InlineData(0x80072F89, WebErrorStatus.CertificateContainsErrors, 3)]
    [InlineData(0x80072F7D, WebErrorStatus.CannotConnect, 14)]
    [InlineData(0x80072F7C, WebErrorStatus.RedirectFailed, 17)]
    [InlineData(0x80072738, WebErrorStatus.UnexpectedServerError, 21)]
    public void WebSocketError_GetStatus_follows_the_table_of_the_contract(uint hresult, WebErrorStatus status, int number)
    {
        Assert.Equal(status, WebSocketError.GetStatus(unchecked((int)hresult)));
        Assert.Equal(number, (int)status);
    }

    [Theory]
    [InlineData(300, 300)]
    [InlineData(305, 305)]
    [InlineData(306, 19)] // 306 was withdrawn before the enumeration was made: no member
    [InlineData(307, 307)]
    [InlineData(308, 19)]
    [InlineData(399, 19)]
    [InlineData(400, 400)]
    [InlineData(417, 417)]
    [InlineData(418, 20)]
    [InlineData(429, 20)]
    [InlineData(499, 20)]
    [InlineData(500, 500)]
    [InlineData(505, 505)]
    [InlineData(506, 21)]
    [InlineData(599, 21)]
    [InlineData(200, 18)]
    [InlineData(204, 18)]
    [InlineData(600, 18)]
    [InlineData(7, 18)] // the number of Timeout, but no HTTP status that means it
    [InlineData(0, 18)]
    public void WebSocketError_GetStatus_gives_the_member_of_an_HTTP_status_or_of_its_class(int httpStatus, int number)
    {
        Assert.Equal((WebErrorStatus)number, WebSocketError.GetStatus(HResults.FromHttpStatus(httpStatus)));
        Assert.True(Enum.IsDefined((WebErrorStatus)number));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x80004005u)]
    [InlineData(0x80131620u)]
    [InlineData(0x80000013u)]
    [InlineData(0x00190194u)] // FACILITY_HTTP without the failure bit
    public void WebSocketError_GetStatus_gives_Unknown_for_an_HRESULT_that_is_no_web_error(uint hresult) =>
        Assert.Equal(WebErrorStatus.Unknown, WebSocketError.GetStatus(unchecked((int)hresult)));

    [Fact]
    public void WebSocketError_GetStatus_gives_a_defined_member_for_any_HRESULT()
    {
        var anyNumber = ArbMap.Default.ArbFor<int>();
        Prop.ForAll(anyNumber, hresult => Enum.IsDefined(WebSocketError.GetStatus(hresult))).QuickCheckThrowOnFailure();
        Prop.ForAll(anyNumber, status => Enum.IsDefined(WebSocketError.GetStatus(HResults.FromHttpStatus(status))))
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void WebErrorStatus_has_exactly_the_documented_numbers()
    {
        int[] documented =
        [
            .. Enumerable.Range(0, 24), .. Enumerable.Range(300, 6), 307, .. Enumerable.Range(400, 18), .. Enumerable.Range(500, 6),
        ];
        Assert.Equal(documented, Enum.GetValues<WebErrorStatus>().Select(status => (int)status));
        Assert.Equal(22, (int)WebErrorStatus.InsufficientRangeSupport);
        Assert.Equal(23, (int)WebErrorStatus.MissingContentLengthSupport);
    }
}
