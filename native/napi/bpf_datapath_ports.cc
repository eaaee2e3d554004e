// The methods of BpfDatapath that are about netdevs, ports and addresses.
#include "napi/arguments.h"
#include "napi/bpf_arguments.h"
#include "napi/bpf_datapath.h"
#include "napi/error.h"

namespace p4rtd {

namespace {

constexpr std::int64_t kMostU32 = 0xffffffff;
constexpr std::size_t kMostNameBytes = 200;

}  // namespace

// attach(ifindex: number, options: { hook: "tcx" | "clsact", name: string }): void
Napi::Value BpfDatapathWrap::Attach(const Napi::CallbackInfo& info) {
  const auto ifindex = IfindexFrom(info[0]);
  const auto hook = StringFrom(Field(info[1], "hook"), 6);
  const auto name = StringFrom(Field(info[1], "name"), kMostNameBytes);
  // Only now, as a getter of the options may have closed it.
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (!ifindex || !hook || (*hook != "tcx" && *hook != "clsact") || !name)
    return ThrowType(info.Env(), "BpfDatapath.attach: expected an ifindex and { hook: tcx or clsact, name: string }");
  const auto kind = *hook == "tcx" ? BpfHooks::Kind::kTcx : BpfHooks::Kind::kClsact;
  return Answer(info.Env(), open->hooks->Attach(static_cast<u32>(*ifindex), kind, *name));
}

Napi::Value BpfDatapathWrap::Detach(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto ifindex = IfindexFrom(info[0]);
  if (!ifindex) return ThrowType(info.Env(), "BpfDatapath.detach: expected an ifindex");
  return Answer(info.Env(), open->hooks->Detach(static_cast<u32>(*ifindex)));
}

Napi::Value BpfDatapathWrap::DetachOthers(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  return Answer(info.Env(), open->hooks->DetachOthers());
}

// setPort(ifindex: number, port: { portId: number, slot: number, flags: number }): void
Napi::Value BpfDatapathWrap::SetPort(const Napi::CallbackInfo& info) {
  const auto ifindex = IfindexFrom(info[0]);
  const auto id = IntegerFrom(Field(info[1], "portId"), 0, kMostU32);
  const auto slot = IntegerFrom(Field(info[1], "slot"), 0, P4RTD_MAX_PORTS - 1);
  const auto flags = IntegerFrom(Field(info[1], "flags"), 0, P4RTD_PORT_DOWN | P4RTD_PORT_CPU);
  // Only now, as a getter of the options may have closed it.
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (!ifindex || !id || !slot || !flags)
    return ThrowType(info.Env(), "BpfDatapath.setPort: expected an ifindex and { portId, slot: 0 … 1023, flags: 0 … 3 }");
  const p4rtd_port port{static_cast<u32>(*id), static_cast<u32>(*slot), static_cast<u32>(*flags), 0};
  return Answer(info.Env(), open->object->SetPort(static_cast<u32>(*ifindex), port));
}

Napi::Value BpfDatapathWrap::DeletePort(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto ifindex = IfindexFrom(info[0]);
  if (!ifindex) return ThrowType(info.Env(), "BpfDatapath.deletePort: expected an ifindex");
  return Answer(info.Env(), open->object->DeletePort(static_cast<u32>(*ifindex)));
}

// setSegmenter(pair: { input: number, output: number } | undefined): void
Napi::Value BpfDatapathWrap::SetSegmenter(const Napi::CallbackInfo& info) {
  const bool clear = info[0].IsUndefined();
  const auto input = IfindexFrom(Field(info[0], "input"));
  const auto output = IfindexFrom(Field(info[0], "output"));
  // Only now, as a getter of the pair may have closed it.
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (clear) return Answer(info.Env(), open->object->ClearSegmenter());
  if (!input || !output)
    return ThrowType(info.Env(), "BpfDatapath.setSegmenter: expected { input: ifindex, output: ifindex } or undefined");
  return Answer(info.Env(), open->object->SetSegmenter(static_cast<u32>(*input), static_cast<u32>(*output)));
}

Napi::Value BpfDatapathWrap::ResetSlot(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto slot = IntegerFrom(info[0], 0, P4RTD_MAX_PORTS - 1);
  if (!slot) return ThrowType(info.Env(), "BpfDatapath.resetSlot: expected a slot, 0 … 1023");
  return Answer(info.Env(), open->object->ResetSlot(static_cast<u32>(*slot)));
}

Napi::Value BpfDatapathWrap::SetLocalAddresses(const Napi::CallbackInfo& info) {
  std::vector<p4rtd_local> locals;
  const bool shaped = LocalsFrom(info[0], locals);
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (!shaped)
    return ThrowType(info.Env(), "BpfDatapath.setLocalAddresses: expected Uint8Arrays of 4 or 16 bytes");
  return Answer(info.Env(), open->object->SetLocals(locals));
}

}  // namespace p4rtd
