using System.Globalization;
using MessageWebSockets.Soak;

if (args.Length > 2 || !double.TryParse(args.FirstOrDefault() ?? "10", CultureInfo.InvariantCulture, out double minutes)
    || !int.TryParse(args.ElementAtOrDefault(1) ?? "200", CultureInfo.InvariantCulture, out int connections))
{
    await Console.Error.WriteLineAsync("usage: MessageWebSockets.Soak [MINUTES=10] [CONNECTIONS=200]");
    return 2;
}

SoakRun run = new(TimeSpan.FromMinutes(minutes), connections);
SoakReport report = await run.RunAsync();
Console.WriteLine(report);
return report.Passed ? 0 : 1;
