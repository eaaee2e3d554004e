// Arguments and answers of the methods of BpfDatapath that are more than numbers. @see arguments.h
#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "core/bpf_object.h"
#include "core/rule_model.h"

namespace p4rtd {

// A BigUint64Array of cir, cburst, pir, pburst, eburst, each below 2^63. Outer: the shape; inner: undefined is no meter.
std::optional<std::optional<MeterConfig>> MeterFrom(Napi::Value value);

// An array of BpfTable. False: another shape. The getters of its elements may run JavaScript.
bool TablesFrom(Napi::Value value, std::vector<TableSpec>& into);

// An array of Uint8Arrays of 4 or 16 bytes. False: another shape.
bool LocalsFrom(Napi::Value value, std::vector<p4rtd_local>& into);

// An array of BpfDumpedRule.
Napi::Value LinesOf(Napi::Env env, const std::vector<DumpedRule>& rules);

}  // namespace p4rtd
