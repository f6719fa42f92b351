using System.Reflection;
using System.Runtime.CompilerServices;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace MessageWebSockets.Tests.Architecture;

/// <summary>The folders of src/Core are layers: each knows those below it and none above or beside it.</summary>
public sealed class LayerTests
{
    private const string Contract = "";

    private static readonly ArchUnitNET.Domain.Architecture s_library =
        new ArchLoader().LoadAssembly(typeof(MessageWebSocket).Assembly).Build();

    // A public type has the namespace of the contract whatever its folder.
    private static readonly Dictionary<string, string> s_folders = Directory.EnumerateFiles(
        SourcePath(), "*.cs", SearchOption.AllDirectories)
        .ToDictionary(
            path => Path.GetFileNameWithoutExtension(path)!,
            path => Path.GetRelativePath(SourcePath(), Path.GetDirectoryName(path)!).TrimStart('.'),
            StringComparer.Ordinal);

    [Theory]
    [InlineData("Errors", "Framing", "Messages", "Connections", "Handshake", "Server", Contract)]
    [InlineData("Framing", "Messages", "Connections", "Handshake", "Server", Contract)]
    [InlineData("Messages", "Connections", "Handshake", "Server", Contract)]
    [InlineData("Connections", "Handshake", "Server", Contract)]
    [InlineData("Handshake", "Connections", "Server", Contract)]
    [InlineData("Server", "Connections")]
    [InlineData(Contract, "Server")]
    public void A_layer_does_not_know_those_above_and_beside_it(string layer, params string[] others)
    {
        foreach (string other in others)
        {
            Types().That().Are(In(layer)).Should().NotDependOnAny(In(other)).Check(s_library);
        }
    }

    // A rule speaks of what it finds by the names of files, and would pass over a type that has none of its own.
    [Fact]
    public void Each_type_has_a_file_of_its_name() =>
        Types().That().ResideInAssembly(typeof(MessageWebSocket).Assembly)
            .And().ResideInNamespaceMatching(@"^MessageWebSockets(\.|$)").And().AreNotNested()
            .Should().Be([.. s_library.Types.Where(type => FolderOf(type) is not null)]).Check(s_library);

    [Fact]
    public void Internal_types_have_the_namespace_of_their_folder()
    {
        foreach (string folder in s_folders.Values.Distinct())
        {
            string name = folder.Length == 0 ? "MessageWebSockets" : $"MessageWebSockets.{folder}";
            Types().That().Are(In(folder)).And().AreNotPublic().And().AreNotNested().Should().ResideInNamespace(name).Check(s_library);
        }
    }

    [Fact]
    public void The_library_does_not_know_PowerShell() =>
        Assert.DoesNotContain(
            typeof(MessageWebSocket).Assembly.GetReferencedAssemblies(),
            name => name.Name!.StartsWith("System.Management", StringComparison.Ordinal));

    [Fact]
    public void Public_classes_are_sealed_but_for_exceptions_and_bases_that_nobody_else_can_derive_from() =>
        Assert.DoesNotContain(
            typeof(MessageWebSocket).Assembly.GetExportedTypes(),
            type => type is { IsClass: true, IsSealed: false } && !type.IsSubclassOf(typeof(Exception)) && !IsBaseOfOurs(type));

    private static bool IsBaseOfOurs(System.Type type) =>
        type.IsAbstract && type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).All(
            static one => one.IsFamilyAndAssembly || one.IsAssembly);

    private static IType[] In(string folder) => [.. s_library.Types.Where(type => FolderOf(type) == folder)];

    private static string? FolderOf(IType type)
    {
        string name = type.FullName.Split('+', '/')[0];
        name = name[(name.LastIndexOf('.') + 1)..].Split('`', '<')[0];
        return type.FullName.StartsWith("MessageWebSockets.", StringComparison.Ordinal) ? s_folders.GetValueOrDefault(name) : null;
    }

    private static string SourcePath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../src/Core"));
}
