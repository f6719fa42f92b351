using System.Runtime.CompilerServices;
using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Extensions;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using MessageWebSockets.PowerShell.Terminal;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace MessageWebSockets.PowerShell.Tests;

/// <summary>
/// The folders of src/Module: cmdlets on top, trades that do not know each other, sessions, and errors and views on the ground.
/// </summary>
public sealed class LayerTests
{
    private static readonly ArchUnitNET.Domain.Architecture s_module = new ArchLoader()
        .LoadAssemblies(typeof(ConsoleConversation).Assembly, typeof(MessageWebSocket).Assembly).Build();

    // A public type has the namespace of the module whatever its folder.
    private static readonly Dictionary<string, string> s_folders = Directory.EnumerateFiles(
        SourcePath(), "*.cs", SearchOption.AllDirectories)
        .ToDictionary(
            path => Path.GetFileNameWithoutExtension(path)!,
            path => Path.GetRelativePath(SourcePath(), Path.GetDirectoryName(path)!).Replace(Path.DirectorySeparatorChar, '.'),
            StringComparer.Ordinal);

    // What lies under all trades, and what a trade knows beside it. A folder that is not listed is a trade of its own.
    private static readonly Dictionary<string, string[]> s_known = new(StringComparer.Ordinal)
    {
        ["Views"] = [],
        ["Errors"] = ["Views"],
        ["Tunnels"] = ["Errors", "Views"],
        ["Sessions"] = ["Tunnels", "Errors", "Views"],
        ["Connecting"] = ["Sessions", "Errors", "Views"],
        ["Messages"] = ["Connecting", "Sessions", "Errors", "Views"],
        ["Completion"] = ["Auditing", "Connecting", "Profiles", "Sessions", "Tunnels", "Errors", "Views"],
        ["Reporting"] = ["Auditing", "Probing", "Errors", "Views"],
    };

    // A folder in a folder is part of it.
    private static readonly string[] s_floors = [.. s_folders.Values.Select(FloorOf).Distinct()];

    public static TheoryData<string> Floors => [.. s_floors.Where(floor => floor != "Commands")];

    [Theory]
    [MemberData(nameof(Floors))]
    public void A_folder_knows_those_below_it_and_no_others(string folder)
    {
        string[] known = s_known.GetValueOrDefault(folder) ?? ["Connecting", "Messages", "Probing", "Sessions", "Errors", "Views"];
        foreach (string other in s_floors.Where(other => other != folder && !known.Contains(other)))
        {
            Types().That().Are(In(folder)).Should().NotDependOnAny(In(other)).Check(s_module);
        }
    }

    // A rule speaks of what it finds by the names of files, and would pass over a type that has none of its own.
    [Fact]
    public void Each_type_has_a_file_of_its_name() =>
        Types().That().ResideInAssembly(typeof(ConsoleConversation).Assembly)
            .And().ResideInNamespaceMatching(@"^MessageWebSockets\.PowerShell(\.|$)").And()
            .AreNotNested().Should().Be([.. s_module.Types.Where(type => FolderOf(type) is not null)]).Check(s_module);

    [Theory]
    [InlineData("System.Net.Sockets")]
    [InlineData("MessageWebSockets.Connections")]
    [InlineData("MessageWebSockets.Framing")]
    [InlineData("MessageWebSockets.Handshake")]
    [InlineData("MessageWebSockets.Messages")]
    [InlineData("MessageWebSockets.Server")]
    public void A_cmdlet_touches_neither_sockets_nor_frames(string place)
    {
        IType[] forbidden = [.. s_module.Types.Concat(s_module.ReferencedTypes).Where(type => type.Namespace.FullName == place)];

        Types().That().Are(In("Commands")).Should().NotDependOnAny(forbidden).Check(s_module);
    }

    [Theory]
    [InlineData("System.Net.WebSockets.WebSocket")]
    [InlineData("System.Net.WebSockets.ClientWebSocket")]
    public void A_cmdlet_touches_no_socket_of_the_framework(string name) =>
        Assert.DoesNotContain(In("Commands"), type => type.Dependencies.Any(one => one.Target.FullName == name));

    [Fact]
    public void The_library_does_not_know_the_module_or_PowerShell() =>
        Types().That().ResideInAssembly(typeof(MessageWebSocket).Assembly)
            .Should().NotDependOnAny(
                Types(true).That().ResideInNamespaceMatching("^(MessageWebSockets\\.PowerShell|System\\.Management\\.Automation)"))
            .Check(s_module);

    [Fact]
    public void Internal_types_have_the_namespace_of_their_folder()
    {
        foreach (string folder in s_folders.Values.Distinct())
        {
            IType[] types = [.. s_module.Types.Where(type => FolderOf(type) == folder)];
            Types().That().Are(types).And().AreNotPublic().And().AreNotNested()
                .Should().ResideInNamespace($"MessageWebSockets.PowerShell.{folder}").WithoutRequiringPositiveResults().Check(s_module);
        }
    }

    [Fact]
    public void Public_classes_are_sealed_but_for_bases_of_ours()
    {
        HashSet<IType> bases = [.. s_module.Classes.Select(type => type.BaseClass).OfType<IType>()];

        Assert.DoesNotContain(s_module.Classes, type =>
            type is { Visibility: Visibility.Public, IsAbstract: false, IsSealed: false }
            && type.FullName.StartsWith("MessageWebSockets.PowerShell.", StringComparison.Ordinal)
            && !bases.Contains(type));
    }

    private static IType[] In(string floor) => [.. s_module.Types.Where(type => FolderOf(type) is { } folder && FloorOf(folder) == floor)];

    private static string FloorOf(string folder) => folder.Split('.')[0];

    private static string? FolderOf(IType type)
    {
        string name = type.FullName.Split('+', '/')[0];
        name = name[(name.LastIndexOf('.') + 1)..].Split('`', '<')[0];
        return type.FullName.StartsWith("MessageWebSockets.PowerShell.", StringComparison.Ordinal)
            ? s_folders.GetValueOrDefault(name)
            : null;
    }

    private static string SourcePath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../src/Module"));
}
