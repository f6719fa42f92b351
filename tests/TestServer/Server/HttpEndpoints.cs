using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>Endpoints that answer with plain HTTP.</summary>
internal static class HttpEndpoints
{
    /// <summary>/status/404?body=text&amp;location=uri: that status with a small text body.</summary>
    public static Task StatusAsync(HttpContext context)
    {
        int code = int.Parse((string)context.Request.RouteValues["code"]!, CultureInfo.InvariantCulture);
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain";
        switch (code)
        {
            case StatusCodes.Status401Unauthorized:
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"test\"";
                break;
            case StatusCodes.Status407ProxyAuthenticationRequired:
                context.Response.Headers.ProxyAuthenticate = "Basic realm=\"test\"";
                break;
            case >= 300 and < 400:
                context.Response.Headers.Location = context.Request.Query["location"].FirstOrDefault() ?? "/echo";
                break;
            default:
                break;
        }

        return code is 204 or 205 or 304
            ? Task.CompletedTask
            : context.Response.WriteAsync(context.Request.Query["body"].FirstOrDefault() ?? $"This is status {code}.");
    }

    /// <summary>?to=uri&amp;status=302: redirects there.</summary>
    public static Task RedirectAsync(HttpContext context)
    {
        context.Response.StatusCode = int.Parse(context.Request.Query["status"].FirstOrDefault() ?? "302", CultureInfo.InvariantCulture);
        context.Response.Headers.Location = context.Request.Query["to"].FirstOrDefault() ?? "/echo";
        return Task.CompletedTask;
    }
}
