using System.Globalization;
using System.Reflection;

namespace MessageWebSockets.Tests.PublicApi;

/// <summary>Writes the public types and members of an assembly as sorted lines, one a member.</summary>
internal static class ApiListing
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext s_nullability = new();

    public static IEnumerable<string> Of(Assembly assembly) =>
        assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Lines(Type type)
    {
        string name = type.FullName!;
        yield return $"{name}: {Kind(type)}{Bases(type)}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield return $"{name}.Invoke{Parameters(type.GetMethod("Invoke")!)}";
            yield break;
        }

        if (type.IsEnum)
        {
            foreach (string member in Enum.GetNames(type))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}.{member} = {Convert.ToInt64(Enum.Parse(type, member), CultureInfo.InvariantCulture)}");
            }

            yield break;
        }

        foreach (ConstructorInfo constructor in type.GetConstructors(Declared).Where(IsVisible))
        {
            yield return $"{name}.new{Parameters(constructor)}";
        }

        foreach (MethodInfo method in type.GetMethods(Declared).Where(method => IsVisible(method) && !method.IsSpecialName))
        {
            yield return $"{name}.{method.Name}{Generics(method)}{Parameters(method)}: "
                + $"{Name(s_nullability.Create(method.ReturnParameter))}{Modifiers(method)}";
        }

        foreach (MethodInfo method in type.GetMethods(Declared).Where(
            method => IsVisible(method) && method.Name.StartsWith("op_", StringComparison.Ordinal)))
        {
            yield return $"{name}.{method.Name}{Parameters(method)}: {Name(method.ReturnType)}";
        }

        foreach (PropertyInfo property in type.GetProperties(Declared).Where(
            property => property.GetAccessors(nonPublic: true).Any(IsVisible)))
        {
            bool canRead = property.GetMethod is { } get && IsVisible(get);
            bool canSet = property.SetMethod is { } set && IsVisible(set);
            bool isInit = canSet && property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Length > 0;
            MethodInfo accessor = property.GetAccessors(nonPublic: true).First(IsVisible);
            yield return $"{name}.{property.Name} {{ {(canRead ? "get; " : "")}{(canSet ? isInit ? "init; " : "set; " : "")}}}: "
                + $"{Name(s_nullability.Create(property))}{Modifiers(accessor)}";
        }

        foreach (EventInfo member in type.GetEvents(Declared).Where(member => IsVisible(member.AddMethod!)))
        {
            yield return $"{name}.event {member.Name}: {Name(member.EventHandlerType!)}";
        }

        foreach (FieldInfo field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily))
        {
            yield return $"{name}.{field.Name}: "
                + $"{Name(field.FieldType)}{(field.IsLiteral ? " const" : field.IsInitOnly ? " readonly" : "")}";
        }
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Kind(Type type) =>
        typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type.IsEnum ? $"enum of {Name(Enum.GetUnderlyingType(type))}"
        : type.IsInterface ? "interface"
        : type.IsValueType ? "struct"
        : type.IsAbstract && type.IsSealed ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    private static string Bases(Type type)
    {
        if (type.IsEnum || typeof(Delegate).IsAssignableFrom(type))
        {
            return "";
        }

        IEnumerable<Type> bases = type.GetInterfaces().Where(candidate => candidate.IsPublic || candidate.IsNestedPublic)
            .Except(type.BaseType?.GetInterfaces() ?? []);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases = bases.Prepend(parent);
        }

        string joined = string.Join(", ", bases.Select(Name).Order(StringComparer.Ordinal));
        return joined.Length > 0 ? $" : {joined}" : "";
    }

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase method) => $"({string.Join(", ", method.GetParameters().Select(Parameter))})";

    private static string Parameter(ParameterInfo parameter)
    {
        string way = parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "";
        string optional = parameter.HasDefaultValue ? $" = {Literal(parameter.DefaultValue)}" : "";
        return $"{way}{Name(s_nullability.Create(parameter))} {parameter.Name}{optional}";
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Modifiers(MethodInfo method) =>
        (method.IsStatic ? " static" : "")
        + (method.IsVirtual && !method.IsFinal ? method.GetBaseDefinition() == method ? " virtual" : " override" : "")
        + (method.IsFamily ? " protected" : "");

    // The type with a question mark wherever null is a value, inside type arguments too.
    private static string Name(NullabilityInfo info)
    {
        string name = info.GenericTypeArguments.Length > 0 && System.Nullable.GetUnderlyingType(info.Type) is null
            ? $"{Name(info.Type).Split('<')[0]}<{string.Join(", ", info.GenericTypeArguments.Select(Name))}>"
            : Name(info.Type);
        return info.ReadState == NullabilityState.Nullable && !info.Type.IsValueType ? name + "?" : name;
    }

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[]";
        }

        if (System.Nullable.GetUnderlyingType(type) is { } value)
        {
            return $"{Name(value)}?";
        }

        if (!type.IsGenericType)
        {
            return type.IsGenericParameter ? type.Name : type.Namespace is "System" or "MessageWebSockets" ? type.Name : type.FullName!;
        }

        string name = type.Namespace is "System" or "MessageWebSockets" ? type.Name : $"{type.Namespace}.{type.Name}";
        return $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
