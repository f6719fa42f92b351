using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using MessageWebSockets.TestServer;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>
/// A network of two: this one, and a Linux network namespace at the other end of a virtual cable, which can be cut. What is sent into
/// it is lost, and unlike on loopback nobody tells the sender.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private static int s_count;

    private readonly string _name = $"ws-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
    private readonly string _near;
    private readonly string _far;
    private readonly IPAddress _nearAddress;
    private readonly List<string[]> _undo = [];

    private NetworkNamespace()
    {
        // The names of interfaces have room for 15 characters; 198.18.0.0/15 is there for tests (RFC 2544).
        int number = (Environment.ProcessId * 4) + s_count;
        (_near, _far) = ($"wsn{number % 1_000_000}", $"wsf{number % 1_000_000}");
        byte[] network = [198, 18, (byte)(number >> 6), (byte)(number << 2)];
        _nearAddress = new IPAddress([network[0], network[1], network[2], (byte)(network[3] + 1)]);
        FarAddress = new IPAddress([network[0], network[1], network[2], (byte)(network[3] + 2)]);
    }

    /// <summary>The address inside.</summary>
    public IPAddress FarAddress { get; }

    /// <summary>Makes one, or skips the test and says why.</summary>
    public static NetworkNamespace CreateOrSkip()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Network namespaces are Linux's.");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may make a network namespace.");
        NetworkNamespace network = new();
        try
        {
            string? refusal = network.Create();
            Assert.SkipWhen(refusal is not null, $"No network namespace can be made here: {refusal}");
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Starts a server inside.</summary>
    public RawServer StartServer(Func<RawConnection, Task> script)
    {
        // A socket belongs for good to the namespace that its thread is in when it is made; the thread ends after that.
        RawServer? server = null;
        Exception? failure = null;
        Thread inside = new(() =>
        {
            try
            {
                using SafeFileHandle handle = File.OpenHandle($"/run/netns/{_name}");
                if (setns((int)handle.DangerousGetHandle(), 0) != 0)
                {
                    throw new Win32Exception();
                }

                server = RawServer.Start(script, new RawServerOptions { Address = FarAddress });
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        inside.Start();
        inside.Join();
        return server ?? throw new InvalidOperationException("No server in the namespace.", failure);
    }

    /// <summary>Takes the far end of the cable down: what is sent into it is lost.</summary>
    public void TakeLinkDown() => Ip("-n", _name, "link", "set", _far, "down");

    /// <summary>Takes the way back: what is sent arrives, and nothing returns.</summary>
    public void LoseWayBack() => Ip("-n", _name, "route", "add", "blackhole", $"{_nearAddress}/32");

    public void Dispose()
    {
        _undo.Reverse();
        _undo.ForEach(arguments => Run(arguments));
        _undo.Clear();
    }

    private static void Ip(params string[] arguments)
    {
        if (Run(arguments) is { } error)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error}");
        }
    }

    private static string? Run(params string[] arguments)
    {
        ProcessStartInfo start = new("ip", arguments) { RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            string error = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : error;
        }
        catch (Win32Exception)
        {
            return "there is no ip command (Debian package iproute2).";
        }
    }

    private string? Create()
    {
        if (Run("netns", "add", _name) is { } noNamespace)
        {
            return noNamespace;
        }

        _undo.Add(["netns", "del", _name]);
        if (Run("link", "add", _near, "type", "veth", "peer", "name", _far, "netns", _name) is { } noCable)
        {
            return noCable;
        }

        _undo.Add(["link", "del", _near]);
        Ip("addr", "add", $"{_nearAddress}/30", "dev", _near);
        Ip("link", "set", _near, "up");
        Ip("-n", _name, "addr", "add", $"{FarAddress}/30", "dev", _far);
        Ip("-n", _name, "link", "set", _far, "up");
        return null;
    }

#pragma warning disable SYSLIB1054, CA5392 // Blittable, Linux only, and libc is libc: no source generator and no search path needed.
    [DllImport("libc", SetLastError = true)]
    private static extern int setns(int descriptor, int type);
#pragma warning restore SYSLIB1054, CA5392
}
