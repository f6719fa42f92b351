using System.Collections.ObjectModel;

namespace MessageWebSockets;

/// <summary>A list of settings that checks each item and refuses changes once the socket connects.</summary>
internal sealed class BeforeConnectList<T>(Action throwIfFrozen, Action<T> check) : Collection<T>
{
    protected override void InsertItem(int index, T item)
    {
        throwIfFrozen();
        check(item);
        base.InsertItem(index, item);
    }

    protected override void SetItem(int index, T item)
    {
        throwIfFrozen();
        check(item);
        base.SetItem(index, item);
    }

    protected override void RemoveItem(int index)
    {
        throwIfFrozen();
        base.RemoveItem(index);
    }

    protected override void ClearItems()
    {
        throwIfFrozen();
        base.ClearItems();
    }
}
