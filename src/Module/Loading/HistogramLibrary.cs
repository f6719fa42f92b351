using System.Reflection;
using System.Runtime.Loader;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>
/// Loads HdrHistogram, with the assembly that adapts it, into a load context of their own: a session in which another module brought
/// another version of it has both, and neither sees the other.
/// </summary>
internal static class HistogramLibrary
{
    private const string AdapterName = "MessageWebSockets.Histograms";
    private const string FactoryName = "MessageWebSockets.PowerShell.Histograms.HdrFactory";

    private static readonly Lazy<IHistogramFactory> Loaded = new(Load);

    /// <exception cref="FileNotFoundException">The module's folder lacks the files.</exception>
    public static IHistogramFactory Factory => Loaded.Value;

    private static IHistogramFactory Load()
    {
        Assembly module = typeof(HistogramLibrary).Assembly;
        string folder = Path.Combine(ModuleFolder.Bin, "histograms");
        Assembly adapter = new PrivateContext(folder, module).LoadFromAssemblyName(new AssemblyName(AdapterName));
        return (IHistogramFactory)Activator.CreateInstance(adapter.GetType(FactoryName, throwOnError: true)!, nonPublic: true)!;
    }

    private sealed class PrivateContext(string folder, Assembly module) : AssemblyLoadContext(AdapterName)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (assemblyName.Name == module.GetName().Name)
            {
                return module;
            }

            // What is not here is the framework's.
            string path = Path.Combine(folder, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
