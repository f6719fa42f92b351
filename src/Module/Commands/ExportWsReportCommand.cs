using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Text;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Reporting;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Makes one self-contained page of the results of Test-WsEndpoint.</summary>
[Cmdlet(VerbsData.Export, "WsReport", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportWsReportCommand : WsCmdlet
{
    private readonly List<ReportRow> _rows = [];
    private readonly List<FindingRow> _findings = [];
    private readonly List<LoadRow> _loads = [];
    private string _path = "";

    /// <summary>A result, or an array of them: live ones, or what came back from a job, CLIXML, CSV or JSON.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The file to write.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The heading of the page.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = "WebSocket endpoints";

    /// <summary>Refuse to replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replace a file even if it is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Open the page in the browser.</summary>
    [Parameter]
    public SwitchParameter Show { get; set; }

    /// <summary>Emit the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // Before thousands of endpoints are probed, and not after.
        _path = OutputFile.Resolve(this, Path!);
        if (NoClobber && File.Exists(_path))
        {
            ThrowTerminatingError(WsErrors.FileError(
                new IOException($"{_path} is there already, and -NoClobber was given."), _path, ErrorCategory.ResourceExists));
        }

        if (!Directory.Exists(System.IO.Path.GetDirectoryName(_path)))
        {
            ThrowTerminatingError(WsErrors.FileError(
                new DirectoryNotFoundException($"The folder of {_path} does not exist."), _path, ErrorCategory.ObjectNotFound));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // An array comes whole where it is given as an argument.
        foreach (object? item in LanguagePrimitives.GetEnumerable(InputObject) is { } items ? items.Cast<object?>() : [InputObject])
        {
            Add(item is null ? null : PSObject.AsPSObject(item));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        WarnOfDates();
        if (!ShouldProcess(_path, "Write the report"))
        {
            return;
        }

        try
        {
            if (Force && File.Exists(_path))
            {
                File.SetAttributes(_path, File.GetAttributes(_path) & ~FileAttributes.ReadOnly);
            }

            using StreamWriter page = new(_path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            new ReportPage(page, Title, _rows, _findings, _loads, DateTime.Now).Write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ThrowTerminatingError(WsErrors.FileError(e, _path, ErrorCategory.WriteError));
        }

        if (PassThru)
        {
            WriteObject(new FileInfo(_path));
        }

        if (Show)
        {
            Open();
        }
    }

    private void Add(PSObject? item)
    {
        if (item is not null && ReportRow.From(item) is { } row)
        {
            _rows.Add(row);
        }
        else if (item is not null && FindingRow.From(item) is { } finding)
        {
            _findings.Add(finding);
        }
        else if (item is not null && LoadRow.From(item) is { } load)
        {
            _loads.Add(load);
        }
        else
        {
            WriteError(WsErrors.NoProbeResult(item?.BaseObject));
        }
    }

    private void WarnOfDates()
    {
        string[] unread = [.. _rows.Select(static row => row.UnreadDate).OfType<string>()];
        string? other = _rows.Select(static row => row.DateOfAnotherOrder).FirstOrDefault(static date => date is not null);
        if (unread.Length == 0 && other is null)
        {
            return;
        }

        string left = unread.Length == 0 ? ""
            : $"Dates of {(unread.Length == 1 ? "1 result" : $"{unread.Length} results")} are left out, such as "
                + $"'{TerminalText.Escape(unread[0], 40)}', which the culture of this session ({CultureInfo.CurrentCulture.Name}) "
                + "cannot read. ";
        string exchanged = other is null ? ""
            : $"Day and month of other dates may be exchanged: '{TerminalText.Escape(other, 40)}' has another order than the culture of "
                + $"this session ({CultureInfo.CurrentCulture.Name}). ";
        WriteWarning(
            $"{left}{exchanged}Make the report in a session of the culture that wrote them, or keep results as CLIXML or JSON.");
    }

    private void Open()
    {
        try
        {
            Process.Start(new ProcessStartInfo(_path) { UseShellExecute = true })?.Dispose();
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            WriteWarning($"The report was written, but nothing here can show it: {e.Message}");
        }
    }
}
