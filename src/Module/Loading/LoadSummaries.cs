using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Fills summaries, and makes one of several, whether they are live or came from another process.</summary>
internal static class LoadSummaries
{
    /// <summary>Puts histograms into a summary, and the times that they have.</summary>
    public static void SetTimes(WsLoadSummary summary, ILatencyHistogram roundTrips, ILatencyHistogram connects)
    {
        summary.RoundTrips = roundTrips.Count;
        summary.Minimum = LoadTimes.At(roundTrips, 0);
        summary.Mean = LoadTimes.Mean(roundTrips);
        summary.Median = LoadTimes.At(roundTrips, 50);
        summary.P90 = LoadTimes.At(roundTrips, 90);
        summary.P99 = LoadTimes.At(roundTrips, 99);
        summary.P999 = LoadTimes.At(roundTrips, 99.9);
        summary.Maximum = LoadTimes.At(roundTrips, 100);
        summary.ConnectMedian = LoadTimes.At(connects, 50);
        summary.ConnectP99 = LoadTimes.At(connects, 99);
        summary.ConnectMaximum = LoadTimes.At(connects, 100);
        summary.Histogram = roundTrips.Encode();
        summary.ConnectHistogram = connects.Encode();
    }

    /// <summary>Counts in the order of their names, in a form that travels to other processes.</summary>
    public static IDictionary Counts(IEnumerable<KeyValuePair<string, long>> counts)
    {
        SortedList sorted = new(StringComparer.Ordinal);
        foreach ((string kind, long count) in counts)
        {
            sorted[kind] = (sorted[kind] as long? ?? 0) + count;
        }

        return sorted;
    }

    /// <summary>A summary as Merge-WsLoad gets it: the object, or the copy of one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static WsLoadSummary Read(PSObject item)
    {
        if (item.BaseObject is WsLoadSummary live)
        {
            return live;
        }

        try
        {
            return new WsLoadSummary
            {
                Uri = Required<string>(item, nameof(WsLoadSummary.Uri)),
                Hosts = Optional<string[]>(item, nameof(WsLoadSummary.Hosts)) ?? [],
                Mode = Required<string>(item, nameof(WsLoadSummary.Mode)),
                Started = Required<DateTime>(item, nameof(WsLoadSummary.Started)),
                DurationSeconds = Required<double>(item, nameof(WsLoadSummary.DurationSeconds)),
                RatePerConnection = Optional<double?>(item, nameof(WsLoadSummary.RatePerConnection)),
                Loop = Required<string>(item, nameof(WsLoadSummary.Loop)),
                IsCorrected = Required<bool>(item, nameof(WsLoadSummary.IsCorrected)),
                Requested = Required<long>(item, nameof(WsLoadSummary.Requested)),
                Connections = Required<long>(item, nameof(WsLoadSummary.Connections)),
                Refused = Required<long>(item, nameof(WsLoadSummary.Refused)),
                RefusedBy = Counts(Pairs(Value(item, nameof(WsLoadSummary.RefusedBy)))),
                MessagesSent = Required<long>(item, nameof(WsLoadSummary.MessagesSent)),
                MessagesReceived = Required<long>(item, nameof(WsLoadSummary.MessagesReceived)),
                BytesSent = Required<long>(item, nameof(WsLoadSummary.BytesSent)),
                BytesReceived = Required<long>(item, nameof(WsLoadSummary.BytesReceived)),
                MessagesPerSecond = Required<double>(item, nameof(WsLoadSummary.MessagesPerSecond)),
                Errors = Required<long>(item, nameof(WsLoadSummary.Errors)),
                ErrorsByKind = Counts(Pairs(Value(item, nameof(WsLoadSummary.ErrorsByKind)))),
                Timeline = [.. Items(Value(item, nameof(WsLoadSummary.Timeline))).Select(ReadSecond)],
                ProcessorPercent = Required<double>(item, nameof(WsLoadSummary.ProcessorPercent)),
                LatenessP99 = Optional<double?>(item, nameof(WsLoadSummary.LatenessP99)),
                GeneratorWaitMean = Optional<double?>(item, nameof(WsLoadSummary.GeneratorWaitMean)),
                GeneratorWaitP99 = Optional<double?>(item, nameof(WsLoadSummary.GeneratorWaitP99)),
                IsGeneratorLimited = Required<bool>(item, nameof(WsLoadSummary.IsGeneratorLimited)),
                IsInterrupted = Required<bool>(item, nameof(WsLoadSummary.IsInterrupted)),
                Histogram = Required<string>(item, nameof(WsLoadSummary.Histogram)),
                ConnectHistogram = Required<string>(item, nameof(WsLoadSummary.ConnectHistogram)),
            };
        }
        catch (PSInvalidCastException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>What kind of load a summary is of, in words; only those of one kind can be added up.</summary>
    public static string Kind(WsLoadSummary summary) => "the mode " + summary.Mode + summary.Loop switch
    {
        "open" => " with a rate",
        "closed" => " without a rate",
        string other => $" ({other})",
    };

    /// <summary>Adds up summaries of loads of one kind that ran side by side.</summary>
    /// <exception cref="FormatException">A histogram is none.</exception>
    public static WsLoadSummary Merge(IReadOnlyList<WsLoadSummary> parts, IHistogramFactory factory)
    {
        ILatencyHistogram roundTrips = factory.Create();
        ILatencyHistogram connects = factory.Create();
        foreach (WsLoadSummary part in parts)
        {
            roundTrips.Add(factory.Decode(part.Histogram));
            connects.Add(factory.Decode(part.ConnectHistogram));
        }

        WsLoadSummary sum = new()
        {
            Uri = Common(parts, static part => part.Uri),
            Hosts = [.. parts.SelectMany(static part => part.Hosts).Distinct(StringComparer.OrdinalIgnoreCase)],
            Mode = parts[0].Mode,
            Started = parts.Min(static part => part.Started),
            DurationSeconds = parts.Max(static part => part.DurationSeconds),
            RatePerConnection = parts.Select(static part => part.RatePerConnection).Distinct().Count() == 1
                ? parts[0].RatePerConnection
                : null,
            Loop = parts[0].Loop,
            IsCorrected = parts.All(static part => part.IsCorrected),
            Requested = parts.Sum(static part => part.Requested),
            Connections = parts.Sum(static part => part.Connections),
            Refused = parts.Sum(static part => part.Refused),
            RefusedBy = Counts(parts.SelectMany(static part => Pairs(part.RefusedBy))),
            MessagesSent = parts.Sum(static part => part.MessagesSent),
            MessagesReceived = parts.Sum(static part => part.MessagesReceived),
            BytesSent = parts.Sum(static part => part.BytesSent),
            BytesReceived = parts.Sum(static part => part.BytesReceived),
            MessagesPerSecond = Math.Round(parts.Sum(static part => part.MessagesPerSecond), 1),
            Errors = parts.Sum(static part => part.Errors),
            ErrorsByKind = Counts(parts.SelectMany(static part => Pairs(part.ErrorsByKind))),
            Timeline = Merge(parts.Select(static part => part.Timeline)),
            ProcessorPercent = parts.Max(static part => part.ProcessorPercent),
            LatenessP99 = parts.Max(static part => part.LatenessP99),
            GeneratorWaitMean = parts.Max(static part => part.GeneratorWaitMean),
            GeneratorWaitP99 = parts.Max(static part => part.GeneratorWaitP99),
            IsGeneratorLimited = parts.Any(static part => part.IsGeneratorLimited),
            IsInterrupted = parts.Any(static part => part.IsInterrupted),
        };
        SetTimes(sum, roundTrips, connects);
        return sum;
    }

    // The hosts began at about the same time, and their clocks need not agree: the first seconds are put together, and so on. Times
    // of a second cannot be added up, so the worst of the hosts stands.
    private static WsLoadSecond[] Merge(IEnumerable<WsLoadSecond[]> timelines)
    {
        WsLoadSecond[][] all = [.. timelines];
        return [.. Enumerable.Range(0, all.Max(static rows => rows.Length)).Select(index =>
        {
            WsLoadSecond[] row = [.. all.Where(rows => rows.Length > index).Select(rows => rows[index])];
            return new WsLoadSecond
            {
                Second = row.Min(static second => second.Second),
                DurationSeconds = row.Max(static second => second.DurationSeconds),
                Connections = row.Sum(static second => second.Connections),
                Sent = row.Sum(static second => second.Sent),
                Received = row.Sum(static second => second.Received),
                Answered = row.Sum(static second => second.Answered),
                BytesSent = row.Sum(static second => second.BytesSent),
                BytesReceived = row.Sum(static second => second.BytesReceived),
                Errors = row.Sum(static second => second.Errors),
                Median = row.Max(static second => second.Median),
                P99 = row.Max(static second => second.P99),
                Maximum = row.Max(static second => second.Maximum),
                ProcessorPercent = row.Max(static second => second.ProcessorPercent),
            };
        })];
    }

    private static string Common(IEnumerable<WsLoadSummary> parts, Func<WsLoadSummary, string> property) =>
        string.Join(", ", parts.Select(property).Distinct(StringComparer.Ordinal));

    private static WsLoadSecond ReadSecond(object? item)
    {
        PSObject row = PSObject.AsPSObject(item);
        return new WsLoadSecond
        {
            Second = Required<double>(row, nameof(WsLoadSecond.Second)),
            DurationSeconds = Required<double>(row, nameof(WsLoadSecond.DurationSeconds)),
            Connections = Required<long>(row, nameof(WsLoadSecond.Connections)),
            Sent = Required<long>(row, nameof(WsLoadSecond.Sent)),
            Received = Required<long>(row, nameof(WsLoadSecond.Received)),
            Answered = Required<long>(row, nameof(WsLoadSecond.Answered)),
            BytesSent = Required<long>(row, nameof(WsLoadSecond.BytesSent)),
            BytesReceived = Required<long>(row, nameof(WsLoadSecond.BytesReceived)),
            Errors = Required<long>(row, nameof(WsLoadSecond.Errors)),
            Median = Optional<double?>(row, nameof(WsLoadSecond.Median)),
            P99 = Optional<double?>(row, nameof(WsLoadSecond.P99)),
            Maximum = Optional<double?>(row, nameof(WsLoadSecond.Maximum)),
            ProcessorPercent = Required<double>(row, nameof(WsLoadSecond.ProcessorPercent)),
        };
    }

    /// <summary>Counts of a dictionary, or of the object that ConvertFrom-Json makes of one.</summary>
    public static IEnumerable<KeyValuePair<string, long>> Pairs(object? counts) => counts switch
    {
        null => [],
        IDictionary dictionary => dictionary.Keys.Cast<object>().Select(key => KeyValuePair.Create(
            key.ToString() ?? "", LanguagePrimitives.ConvertTo<long>(dictionary[key]))),
        _ => PSObject.AsPSObject(counts).Properties.Select(static property => KeyValuePair.Create(
            property.Name, LanguagePrimitives.ConvertTo<long>(property.Value))),
    };

    private static IEnumerable<object?> Items(object? list) =>
        list is IEnumerable items and not string ? items.Cast<object?>() : list is null ? [] : [list];

    private static object? Value(PSObject item, string property) => item.Properties[property]?.Value is PSObject wrapped
        ? wrapped.BaseObject is PSCustomObject ? wrapped : wrapped.BaseObject
        : item.Properties[property]?.Value;

    private static T Required<T>(PSObject item, string property) =>
        Value(item, property) is { } value
            ? (T)LanguagePrimitives.ConvertTo(value, typeof(T), CultureInfo.InvariantCulture)
            : throw new FormatException($"It has no {property}.");

    private static T? Optional<T>(PSObject item, string property) =>
        Value(item, property) is { } value ? (T)LanguagePrimitives.ConvertTo(value, typeof(T), CultureInfo.InvariantCulture) : default;
}
