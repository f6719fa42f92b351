# The Chromium DevTools protocol (https://chromedevtools.github.io/devtools-protocol/): JSON-RPC without "jsonrpc", which Chromium refuses.
@{
    Description = 'Chromium DevTools: requests with id, method and params'
    IdProperty  = 'id'
    Dialect     = 'DevTools'
}
