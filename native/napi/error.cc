#include "napi/error.h"

#include <uv.h>

#include <cstring>

namespace p4rtd {

namespace {

bool Pending(napi_env env) {
  bool pending = false;
  return napi_is_exception_pending(env, &pending) != napi_ok || pending;
}

// The symbolic name, such as ENODEV; E<number> for one the C library does not know.
std::string NameOf(int error) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::string("E").append(std::to_string(error));
#else
  return uv_err_name(-error);
#endif
}

napi_value StringOf(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

Napi::Value ThrowWithCode(napi_env env, const std::string& code, const std::string& message) {
  napi_value error = nullptr;
  if (napi_create_error(env, StringOf(env, code), StringOf(env, message), &error) == napi_ok) napi_throw(env, error);
  return {};
}

// Null while the environment ends: nobody is there to catch anything.
napi_value SystemErrorOf(napi_env env, const Status& status) {
  const std::string code = NameOf(status.error);
  std::string message = code + ": " + strerror(status.error) + ", " + status.syscall;
  if (!status.detail.empty()) message += ": " + status.detail;
  napi_value error = nullptr;
  napi_value number = nullptr;
  if (napi_create_error(env, StringOf(env, code), StringOf(env, message), &error) != napi_ok ||
      napi_create_int32(env, status.error, &number) != napi_ok ||
      napi_set_named_property(env, error, "errno", number) != napi_ok ||
      napi_set_named_property(env, error, "syscall", StringOf(env, status.syscall)) != napi_ok)
    return nullptr;
  return error;
}

}  // namespace

Napi::Value ThrowSystem(Napi::Env env, const Status& status) {
  if (Pending(env)) return {};
  napi_value error = SystemErrorOf(env, status);
  if (error != nullptr) napi_throw(env, error);
  return {};
}

void FailFromLoop(Napi::Env env, const Status& status) {
  napi_value error = SystemErrorOf(env, status);
  if (error != nullptr) napi_fatal_exception(env, error);
}

Napi::Value ThrowType(Napi::Env env, const std::string& what) {
  if (!Pending(env)) napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", what.c_str());
  return {};
}

Napi::Value ThrowClosed(Napi::Env env, const char* what) {
  if (Pending(env)) return {};
  return ThrowWithCode(env, "ERR_CLOSED", std::string(what) + " is closed");
}

void CallFromLoop(Napi::Env env, napi_async_context context, napi_value callback, std::initializer_list<napi_value> args) {
  napi_value receiver = nullptr;
  if (napi_get_global(env, &receiver) != napi_ok) return;
  const napi_status status = napi_make_callback(env, context, receiver, callback, args.size(), args.begin(), nullptr);
  napi_value error = nullptr;
  bool pending = false;
  if (status != napi_ok && napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
}

}  // namespace p4rtd
