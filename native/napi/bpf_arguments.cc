#include "napi/bpf_arguments.h"

#include <algorithm>

#include "napi/arguments.h"
#include "napi/bpf_options.h"

namespace p4rtd {

namespace {

constexpr std::int64_t kMostU32 = 0xffffffff;

Napi::Value WordsOf(Napi::Env env, const u64* words) {
  auto array = Napi::Int32Array::New(env, 2 * P4RTD_KEY_WORDS);
  for (u32 i = 0; i < P4RTD_KEY_WORDS; i++) {
    array[2 * i] = static_cast<s32>(words[i]);
    array[2 * i + 1] = static_cast<s32>(words[i] >> 32);
  }
  return array;
}

}  // namespace

std::optional<std::optional<MeterConfig>> MeterFrom(Napi::Value value) {
  if (value.IsEmpty()) return {};
  if (value.IsUndefined()) return std::optional<MeterConfig>{};
  const auto numbers = ElementsFrom<u64>(value, napi_biguint64_array);
  if (!numbers || numbers->size() != 5) return {};
  for (const u64 number : *numbers)
    if (number >> 63 != 0) return {};
  return MeterConfig{(*numbers)[0], (*numbers)[1], (*numbers)[2], (*numbers)[3], (*numbers)[4]};
}

bool TablesFrom(Napi::Value value, std::vector<TableSpec>& into) {
  if (value.IsEmpty() || !value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  for (u32 i = 0; i < array.Length() && i <= P4RTD_MAX_TABLES; i++) {
    napi_value element = nullptr;
    if (napi_get_element(array.Env(), array, i, &element) != napi_ok) return false;
    const Napi::Value table(array.Env(), element);
    const auto masks = IntegerFrom(Field(table, "maxMasks"), 0, kMostU32);
    const Napi::Value meter = Field(table, "meter");
    if (!masks || meter.IsEmpty()) return false;
    TableSpec spec{static_cast<u32>(*masks), {}};
    if (!meter.IsUndefined()) {
      const auto type = IntegerFrom(Field(meter, "type"), 0, 2);
      const Napi::Value bytes = Field(meter, "bytes");
      if (!type || bytes.IsEmpty() || !bytes.IsBoolean()) return false;
      spec.meter = MeterSpec{static_cast<p4rtd_meter_type>(*type), bytes.As<Napi::Boolean>().Value()};
    }
    into.push_back(spec);
  }
  return true;
}

bool LocalsFrom(Napi::Value value, std::vector<p4rtd_local>& into) {
  if (value.IsEmpty() || !value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  for (u32 i = 0; i < array.Length(); i++) {
    napi_value element = nullptr;
    if (napi_get_element(array.Env(), array, i, &element) != napi_ok) return false;
    const auto bytes = ElementsFrom<u8>(Napi::Value(array.Env(), element), napi_uint8_array);
    if (!bytes || (bytes->size() != 4 && bytes->size() != 16)) return false;
    p4rtd_local local{};
    local.family = bytes->size() == 4 ? 4 : 6;
    std::copy(bytes->begin(), bytes->end(), local.address + 16 - bytes->size());
    into.push_back(local);
  }
  return true;
}

Napi::Value LinesOf(Napi::Env env, const std::vector<DumpedRule>& rules) {
  auto lines = Napi::Array::New(env, rules.size());
  for (u32 i = 0; i < rules.size(); i++) {
    const Napi::HandleScope scope(env);
    auto line = Napi::Object::New(env);
    line.Set("rule", rules[i].rule);
    line.Set("table", rules[i].table);
    line.Set("priority", rules[i].priority);
    line.Set("action", rules[i].action);
    line.Set("value", WordsOf(env, rules[i].value));
    line.Set("mask", WordsOf(env, rules[i].mask));
    lines.Set(i, line);
  }
  return lines;
}

}  // namespace p4rtd
