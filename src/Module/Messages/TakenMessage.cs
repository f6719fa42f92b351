using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using System.Reflection;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Emits what stands for a message that was taken from an inbox, so that a stop of the pipeline does not lose it.</summary>
internal static class TakenMessage
{
    // What an object passes before another command, or a variable, has it.
    private static readonly string[] s_way = [nameof(Cmdlet), "MshCommandRuntime", "Pipe"];

    /// <summary>Refuses what has taken messages wait behind the cmdlet, where nobody could put them back.</summary>
    public static void RefuseBuffer(PSCmdlet cmdlet)
    {
        if (cmdlet.MyInvocation.BoundParameters.TryGetValue("OutBuffer", out object? size) && size is > 0)
        {
            cmdlet.ThrowTerminatingError(WsErrors.InvalidSetting(
                "-OutBuffer would hold messages back that are no longer in the inbox, and a pipeline that ends early would lose them. "
                + "Leave it out.",
                size));
        }
    }

    /// <summary>Emits it, or puts the message back where the user stopped the pipeline before anybody was given any of it.</summary>
    /// <param name="cmdlet">Whose output it is.</param>
    /// <param name="message">The message.</param>
    /// <param name="item">What is emitted for it: the message, or something made of it.</param>
    /// <param name="isEnumerated">Whether the elements of a collection are emitted one by one.</param>
    /// <param name="source">Where the message was taken; null for the inbox of its socket.</param>
    /// <exception cref="PipelineStoppedException">The user stopped the pipeline.</exception>
    public static void Write(Cmdlet cmdlet, WsMessage message, object? item, bool isEnumerated, MessageSource? source)
    {
        bool isBegun = false;
        try
        {
            if (isEnumerated && LanguagePrimitives.GetEnumerable(item) is { } several)
            {
                foreach (object? one in several)
                {
                    cmdlet.WriteObject(one, enumerateCollection: false);
                    isBegun = true;
                }
            }
            else
            {
                cmdlet.WriteObject(item, enumerateCollection: false);
            }
        }
        catch (PipelineStoppedException e)
        {
            if (!isBegun && (CameBeforeAnybodyHadIt(e) || IsStillInPipe(cmdlet)))
            {
                GiveBack(message, source);
            }

            throw;
        }

        if (item != message)
        {
            message.Release();
        }
    }

    // The engine refuses an object of a pipeline that is being stopped, and it throws the same where the next command, which has the object
    // already, is stopped: only the stack says which.
    private static bool CameBeforeAnybodyHadIt(PipelineStoppedException stop) =>
        new StackTrace(stop).GetFrames()
            .Select(static frame => frame.GetMethod()?.DeclaringType)
            .TakeWhile(static type => type?.Assembly != Assembly.GetExecutingAssembly())
            .All(static type => type is not null && s_way.Contains(type.Name));

    // Where the next command is stopped before it reads on, the object lies between the two; the variable of -OutVariable has it by then.
    // Nothing public says so. Were there no such members in a later engine, the object would count as had.
    private static bool IsStillInPipe(Cmdlet cmdlet) =>
        cmdlet is PSCmdlet { MyInvocation.BoundParameters: var bound }
        && !bound.ContainsKey("OutVariable")
        && ValueOf(cmdlet.CommandRuntime, "OutputPipe") is { } pipe
        && ValueOf(pipe, "ObjectQueue") is ICollection { Count: > 0 };

    private static object? ValueOf(object of, string property) =>
        of.GetType().GetProperty(property, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)?.GetValue(of);

    private static void GiveBack(WsMessage message, MessageSource? source)
    {
        if (source is null)
        {
            message.GetSocket()?.Return(message);
        }
        else
        {
            source.Return([message]);
        }
    }

    /// <summary>Gives back what came as the wait for it was given up: it is for others to read.</summary>
    public static async Task ReturnAsync(Task<WsMessage?> reply, MessageWebSocket socket)
    {
        await ((Task)reply).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (reply is { IsCompletedSuccessfully: true, Result: { } message })
        {
            socket.Return(message);
        }
    }
}
