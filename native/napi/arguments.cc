#include "napi/arguments.h"

#include <linux/limits.h>
#include <net/if.h>

#include <cmath>
#include <limits>

namespace p4rtd {

std::optional<std::int64_t> IntegerFrom(Napi::Value value, std::int64_t lowest, std::int64_t highest) {
  if (value.IsEmpty() || !value.IsNumber()) return {};
  const double number = value.As<Napi::Number>().DoubleValue();
  // NaN fails every comparison.
  if (!(number >= static_cast<double>(lowest) && number <= static_cast<double>(highest))) return {};
  if (number != std::trunc(number)) return {};
  return static_cast<std::int64_t>(number);
}

std::optional<int> IfindexFrom(Napi::Value value) {
  const auto number = IntegerFrom(value, 1, std::numeric_limits<int>::max());
  if (!number) return {};
  return static_cast<int>(*number);
}

std::optional<std::string> StringFrom(Napi::Value value, std::size_t most) {
  if (value.IsEmpty() || !value.IsString()) return {};
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.empty() || text.size() > most || text.find('\0') != std::string::npos) return {};
  return text;
}

std::optional<std::string> NetdevNameFrom(Napi::Value value) {
  auto name = StringFrom(value, IFNAMSIZ - 1);
  // The kernel takes `%d` in a name for a pattern and would choose another name.
  if (!name || *name == "." || *name == ".." || name->find_first_of("/:% \t\n\v\f\r") != std::string::npos) return {};
  return name;
}

std::optional<std::optional<std::string>> NetnsFrom(Napi::Value value) {
  if (value.IsEmpty()) return {};
  if (value.IsUndefined()) return std::optional<std::string>{};
  auto path = StringFrom(value, PATH_MAX - 1);
  if (!path) return {};
  return path;
}

Napi::Value Field(Napi::Value options, const char* name) {
  if (options.IsEmpty() || !options.IsObject()) return {};
  napi_value value = nullptr;
  if (napi_get_named_property(options.Env(), options, name, &value) != napi_ok) return {};
  return Napi::Value(options.Env(), value);
}

}  // namespace p4rtd
