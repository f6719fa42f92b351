namespace MessageWebSockets;

/// <summary>Handles an event whose sender is of a known type, sender first (Windows.Foundation.TypedEventHandler).</summary>
/// <typeparam name="TSender">The type that raises the event.</typeparam>
/// <typeparam name="TArgs">The arguments; they derive from <see cref="EventArgs"/>, so that Register-ObjectEvent fills
/// <c>$EventArgs</c>.</typeparam>
/// <param name="sender">The object that raised the event.</param>
/// <param name="args">What happened.</param>
public delegate void TypedEventHandler<in TSender, in TArgs>(TSender sender, TArgs args)
    where TArgs : EventArgs;
