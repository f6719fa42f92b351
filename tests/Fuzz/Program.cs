using MessageWebSockets.Fuzz;
using SharpFuzz;

// Runs a target once over a file, over all files of a folder, or again and again for a fuzzer that decides what comes next.
if (args is ["list"])
{
    Console.Out.WriteLine(string.Join(Environment.NewLine, FuzzTarget.All.Select(static target => target.Name)));
    return 0;
}

if (args is not [var mode, var name, ..] || FuzzTarget.All.FirstOrDefault(target => target.Name == name) is not { } chosen)
{
    await Console.Error.WriteLineAsync("usage: list | guided TARGET | replay TARGET FILE-OR-FOLDER …").ConfigureAwait(false);
    return 2;
}

switch (mode)
{
    case "guided":
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using MemoryStream input = new();
            stream.CopyTo(input);
            chosen.Run(input.ToArray());
        });
        return 0;
    case "replay":
        foreach (string path in args[2..])
        {
            foreach (string file in Directory.Exists(path) ? Directory.EnumerateFiles(path) : [path])
            {
                chosen.Run(await File.ReadAllBytesAsync(file).ConfigureAwait(false));
                Console.Out.WriteLine($"{file}: passed");
            }
        }

        return 0;
    default:
        return 2;
}
