// Functions of addon.ts that leave nothing open: TAP devices, bpffs, the tcx probe, the service manager.
#pragma once

#include <napi.h>

namespace p4rtd {

// Adds `createTap`, `deleteTap`, `mountBpffs`, `probeTcx` and `notify` to `exports`.
void RegisterHost(Napi::Env env, Napi::Object exports);

}  // namespace p4rtd
