// Shapes of arguments. Each function answers nothing for another shape and throws nothing itself; a getter of the
// caller's object may leave its own exception pending, which the functions of error.h respect.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace p4rtd {

// A whole number, lowest … highest. Both must be within ±2^53.
std::optional<std::int64_t> IntegerFrom(Napi::Value value, std::int64_t lowest, std::int64_t highest);

// The index of a netdev, 1 … 2^31 - 1.
std::optional<int> IfindexFrom(Napi::Value value);

// A string without NUL, 1 … `most` bytes as UTF-8.
std::optional<std::string> StringFrom(Napi::Value value, std::size_t most);

// The name of a netdev: 1 … 15 bytes, none of `/`, `:`, `%` and white space, neither `.` nor `..`.
std::optional<std::string> NetdevNameFrom(Napi::Value value);

// The path of a network namespace. Outer: the shape; inner: undefined means the process's own.
std::optional<std::optional<std::string>> NetnsFrom(Napi::Value value);

// A field of an options object; empty if `options` is no object or a getter throws.
Napi::Value Field(Napi::Value options, const char* name);

// The elements of a typed array of this kind, borrowed; nothing for another value.
template <typename T>
std::optional<std::span<T>> ElementsFrom(Napi::Value value, napi_typedarray_type kind) {
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  if (value.IsEmpty() || !value.IsTypedArray() ||
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != kind)
    return {};
  return std::span<T>(static_cast<T*>(data), length);
}

}  // namespace p4rtd
