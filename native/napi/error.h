// Errors as JavaScript sees them. Each function leaves an exception that is already pending as it is.
#pragma once

#include <napi.h>

#include <string>

#include "core/status.h"

namespace p4rtd {

// Throws the SystemError of addon.ts for a `status` that is not ok: code, errno, syscall, and a message such as
// `ENODEV: No such device, bind(AF_PACKET)` with `detail` behind it. Returns an empty value, to be returned at once.
Napi::Value ThrowSystem(Napi::Env env, const Status& status);

// Throws a TypeError: an argument has the wrong shape. `what` names the method and what it takes.
Napi::Value ThrowType(Napi::Env env, const std::string& what);

// Throws the Error with code ERR_CLOSED that methods give after close.
Napi::Value ThrowClosed(Napi::Env env, const char* what);

// Lets a `status` that is not ok become an 'uncaughtException', from the event loop: no call is there to throw it.
void FailFromLoop(Napi::Env env, const Status& status);

// Calls `callback` from the event loop, outside of any JavaScript, and lets what it throws become an
// 'uncaughtException'. Nothing happens while the environment is being torn down.
void CallFromLoop(Napi::Env env, napi_async_context context, napi_value callback, std::initializer_list<napi_value> args);

}  // namespace p4rtd
