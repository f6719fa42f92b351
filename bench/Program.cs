using System.Diagnostics;
using System.Globalization;
using System.Text;
using MessageWebSockets.Bench;

Console.OutputEncoding = Encoding.UTF8;
switch (args)
{
    case [SlowReader.ChildName, string flood, string count]:
        await SlowReader.RunChildAsync(new Uri(flood), long.Parse(count, CultureInfo.InvariantCulture));
        return 0;
    case [IdleConnections.ChildName, string client, string sink]:
        await IdleConnections.RunChildAsync(client, new Uri(sink));
        return 0;
    case [TcpRelay.ChildName, string target]:
        await TcpRelay.RunChildAsync(int.Parse(target, CultureInfo.InvariantCulture));
        return 0;
}

string[] arguments = args;
if (args is [Binding.ChildName, string cores, ..])
{
    Binding.Adopt(cores);
    arguments = args[2..];
}

if (BenchOptions.Parse(arguments) is not { } options)
{
    await Console.Error.WriteLineAsync(BenchOptions.Usage);
    return 2;
}

if (Binding.Cores is null && !options.Unbound && await Binding.TryRunBoundAsync(args) is { } exitCode)
{
    return exitCode;
}

if (Layout.Configuration != "release" || Debugger.IsAttached)
{
    Console.WriteLine("This is not a Release build without a debugger: the numbers say nothing.");
}

Machine machine = await Machine.DescribeAsync();
List<List<BenchmarkResult>> runs = [];
await using (ServerProcess server = await ServerProcess.StartAsync())
{
    IReadOnlyList<Benchmark> all = await Catalogue.CreateAsync(new BenchContext(options, server));
    Benchmark[] selected = [.. all.Where(options.Selects)];
    if (selected.Length == 0)
    {
        string names = string.Join(", ", all.Select(benchmark => benchmark.Name));
        await Console.Error.WriteLineAsync($"No benchmark has such a name. There are: {names}");
        return 2;
    }

    while (runs.Count < options.Runs)
    {
        List<BenchmarkResult> results = [];
        foreach (Benchmark benchmark in selected)
        {
            BenchmarkResult result = await Runner.RunAsync(benchmark, options.Rounds);
            results.Add(result);
            foreach (string line in ProgressLine.Of(result))
            {
                Console.WriteLine(line);
            }
        }

        // After each, so that a run that is broken off costs no other.
        runs.Add(results);
        RunReport report = new(machine, options.Quick, options.Rounds.ToString(), runs);
        await JsonFile.WriteAsync(options.Json, report);
        await MarkdownFile.WriteAsync(options.Markdown, report);
    }
}

Console.WriteLine($"{Path.GetRelativePath(Layout.Root, options.Markdown)} and {Path.GetRelativePath(Layout.Root, options.Json)} written.");
return runs.Any(static run => run.Exists(static result => result.Broken is not null)) ? 1 : 0;
