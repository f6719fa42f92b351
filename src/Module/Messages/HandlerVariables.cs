using System.Management.Automation.Language;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Tells which <c>$using:</c> of a handler is about a variable of the session that it was written in. In a block that a command of the
/// handler takes to another runspace, as ForEach-Object -Parallel does, it is about one of the handler, where that has such a variable.
/// </summary>
internal static class HandlerVariables
{
    // Each script has some of its own.
    private static readonly string[] s_automatic = ["_", "PSItem", "args", "input", "this"];
    private static readonly string[] s_loops = ["ForEach-Object", "foreach", "%"];
    private static readonly string[] s_jobs = ["Start-ThreadJob", "Start-Job", "sajb"];

    /// <summary>The variables of the session, and whether each stands in such a block, to which it has to be taken once more.</summary>
    public static IEnumerable<(VariableExpressionAst Reference, bool IsElsewhere)> OfSession(ScriptBlockAst script)
    {
        HashSet<VariableExpressionAst> used = [.. All<UsingExpressionAst>(script).Select(UsingExpressionAst.ExtractUsingVariable)];
        HashSet<string> own = new(s_automatic, StringComparer.OrdinalIgnoreCase);
        own.UnionWith(All<VariableExpressionAst>(script)
            .Where(variable => !used.Contains(variable) && Distance(variable) == 0)
            .Select(static variable => variable.VariablePath.UserPath));

        // Farther away it is about a variable of the block in between.
        return used
            .Select(static reference => (Reference: reference, Distance: Distance(reference)))
            .Where(one => one.Distance == 0 || (one.Distance == 1 && !own.Contains(one.Reference.VariablePath.UserPath)))
            .Select(static one => (one.Reference, one.Distance == 1));
    }

    private static IEnumerable<T> All<T>(ScriptBlockAst script) =>
        script.FindAll(static ast => ast is T, searchNestedScriptBlocks: true).Cast<T>();

    /// <summary>How many runspaces are between the handler and a part of it.</summary>
    private static int Distance(Ast part)
    {
        int distance = 0;
        for (Ast? around = part.Parent; around is not null; around = around.Parent)
        {
            distance += around is ScriptBlockExpressionAst block && IsForElsewhere(block) ? 1 : 0;
        }

        return distance;
    }

    private static bool IsForElsewhere(ScriptBlockExpressionAst block)
    {
        CommandAst? command = block.Parent as CommandAst ?? (block.Parent as CommandParameterAst)?.Parent as CommandAst;
        return command?.GetCommandName() is { } name
            && (s_jobs.Contains(name, StringComparer.OrdinalIgnoreCase)
                || (s_loops.Contains(name, StringComparer.OrdinalIgnoreCase)
                    && command.CommandElements.OfType<CommandParameterAst>().Any(IsParallel)));
    }

    private static bool IsParallel(CommandParameterAst parameter) => parameter.ParameterName.Length > 1
        && "Parallel".StartsWith(parameter.ParameterName, StringComparison.OrdinalIgnoreCase);
}
