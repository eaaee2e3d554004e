#include "napi/bpf_datapath.h"

#include <algorithm>
#include <cstring>

#include "napi/arguments.h"
#include "napi/bpf_arguments.h"
#include "napi/environment.h"
#include "napi/error.h"

namespace p4rtd {

namespace {

constexpr u32 kKeyWords32 = 2 * P4RTD_KEY_WORDS;
constexpr u32 kMostKeysOfRule = 32;
constexpr std::int64_t kMostU32 = 0xffffffff;
constexpr u32 kMostTestFrame = 65536;

}  // namespace

void RegisterBpfDatapath(Napi::Env env, Napi::Object exports) { BpfDatapathWrap::Register(env, exports); }

void BpfDatapathWrap::Register(Napi::Env env, Napi::Object exports) {
  using Wrap = BpfDatapathWrap;
  Environment::Of(env).bpf_datapath = Napi::Persistent(DefineClass(
      env, "BpfDatapath",
      {InstanceMethod<&Wrap::Attach>("attach"), InstanceMethod<&Wrap::Detach>("detach"),
       InstanceMethod<&Wrap::DetachOthers>("detachOthers"),
       InstanceMethod<&Wrap::SetPort>("setPort"), InstanceMethod<&Wrap::DeletePort>("deletePort"),
       InstanceMethod<&Wrap::SetSegmenter>("setSegmenter"), InstanceMethod<&Wrap::ResetSlot>("resetSlot"),
       InstanceMethod<&Wrap::SetLocalAddresses>("setLocalAddresses"),
       InstanceMethod<&Wrap::Begin>("begin"), InstanceMethod<&Wrap::Reset>("reset"), InstanceMethod<&Wrap::Add>("add"),
       InstanceMethod<&Wrap::Replace>("replace"), InstanceMethod<&Wrap::Remove>("remove"),
       InstanceMethod<&Wrap::Commit>("commit"), InstanceMethod<&Wrap::Abandon>("abandon"),
       InstanceMethod<&Wrap::Counters>("counters"), InstanceMethod<&Wrap::Colours>("colours"),
       InstanceMethod<&Wrap::Stats>("stats"),
       InstanceMethod<&Wrap::PortCounters>("portCounters"), InstanceMethod<&Wrap::Dump>("dump"),
       InstanceMethod<&Wrap::Take>("take"), InstanceMethod<&Wrap::Release>("release"),
       InstanceMethod<&Wrap::TestRun>("testRun"), InstanceMethod<&Wrap::Close>("close")}));
  exports.Set("openBpf", Napi::Function::New<OpenBpf>(env, "openBpf"));
}

Napi::Value BpfDatapathWrap::OpenBpf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  BpfOptions options;
  std::string what;
  if (!BpfOptionsFrom(info[0], options, what)) return ThrowType(env, what);
  return Environment::Wrap(Environment::Of(env).bpf_datapath, options);
}

BpfDatapathWrap::BpfDatapathWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) {
    ThrowType(info.Env(), "BpfDatapath: made by openBpf only");
    return;
  }
  BpfOptions& options = *info[0].As<Napi::External<BpfOptions>>().Data();
  open_ = std::make_unique<Open>();
  Status status = Load(options, *open_);
  if (status.ok()) status = StartReader(info.Env(), options);
  if (!status.ok()) {
    open_.reset();
    ThrowSystem(info.Env(), status);
    return;
  }
  open_->memory = std::move(options.memory);
  Ref();
  napi_add_env_cleanup_hook(info.Env(), OnEnvironmentEnd, this);
}

BpfDatapathWrap::~BpfDatapathWrap() = default;

Status BpfDatapathWrap::Load(const BpfOptions& options, Open& into) {
  Status status = BpfObject::Load(options.object, into.object);
  if (!status.ok()) return status;
  into.rules = std::make_unique<RuleTables>(*into.object, into.object->sizes());
  into.hooks = std::make_unique<BpfHooks>(*into.object, options.pins);
  return into.hooks->PinMaps();
}

Status BpfDatapathWrap::StartReader(Napi::Env env, BpfOptions& options) {
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "BpfDatapath", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env, nullptr, name, &context_) != napi_ok)
    return Status::Of(ENOMEM, "napi_async_init");
  if (napi_create_threadsafe_function(env, options.on_punted, nullptr, name, 0, 1, nullptr, nullptr, this, OnDoorbell,
                                      &doorbell_) != napi_ok) {
    napi_async_destroy(env, context_);
    return Status::Of(ENOMEM, "napi_create_threadsafe_function");
  }
  PuntReader::Options reader{};
  reader.ring = open_->object->ring();
  reader.ring_bytes = open_->object->ring_bytes();
  reader.control = open_->object->control;
  reader.slabs = std::move(options.slabs);
  reader.slab_frames = options.slab_frames;
  // Fails only while the environment ends, when nobody waits for frames.
  reader.doorbell = [bell = doorbell_] { napi_call_threadsafe_function(bell, nullptr, napi_tsfn_nonblocking); };
  open_->reader = std::make_unique<PuntReader>(std::move(reader));
  Status status = open_->reader->Start();
  if (!status.ok()) StopReader();
  return status;
}

void BpfDatapathWrap::StopReader() {
  open_->reader->Stop();
  napi_release_threadsafe_function(doorbell_, napi_tsfn_abort);
  napi_async_destroy(Env(), context_);
  doorbell_ = nullptr;
  context_ = nullptr;
}

void BpfDatapathWrap::OnDoorbell(napi_env env, napi_value callback, void* wrap, void*) {
  if (env == nullptr) return;  // what waited when it was closed
  auto* self = static_cast<BpfDatapathWrap*>(wrap);
  if (!self->open_) return;
  // Before the call: frames that come while JavaScript empties the slabs ring again.
  self->open_->reader->Answered();
  CallFromLoop(env, self->context_, callback, {});
}

// The process or the worker ends without close: what is pinned stays, as after a kill.
void BpfDatapathWrap::OnEnvironmentEnd(void* wrap) {
  auto* self = static_cast<BpfDatapathWrap*>(wrap);
  if (!self->open_) return;
  self->StopReader();
  static_cast<void>(self->open_->hooks->Keep());  // there is nobody left to tell
  self->LetGo();
}

void BpfDatapathWrap::LetGo() {
  open_.reset();
  Unref();
}

BpfDatapathWrap::Open* BpfDatapathWrap::Opened(Napi::Env env) {
  if (!open_) ThrowClosed(env, "BpfDatapath");
  return open_.get();
}

BpfDatapathWrap::Open* BpfDatapathWrap::Stepping(Napi::Env env, const char* method) {
  Open* open = Opened(env);
  if (open == nullptr || (open->rules->open() && !open->rules->committing())) return open;
  ThrowType(env, std::string("BpfDatapath.") + method + (open->rules->open() ? ": the step is being committed" : ": no step is open"));
  return nullptr;
}

Napi::Value BpfDatapathWrap::Answer(Napi::Env env, const Status& status) {
  return status.ok() ? env.Undefined() : ThrowSystem(env, status);
}

Napi::Value BpfDatapathWrap::Begin(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (open->rules->open()) return ThrowType(info.Env(), "BpfDatapath.begin: a step is open");
  open->rules->Begin();
  return info.Env().Undefined();
}

Napi::Value BpfDatapathWrap::Reset(const Napi::CallbackInfo& info) {
  std::vector<TableSpec> tables;
  const bool shaped = TablesFrom(info[0], tables);
  Open* open = Stepping(info.Env(), "reset");
  if (open == nullptr) return {};
  if (!shaped)
    return ThrowType(info.Env(), "BpfDatapath.reset: expected tables of { maxMasks, meter: { type: 0 … 2, bytes } or undefined }");
  return Answer(info.Env(), open->rules->Reset(tables));
}

// add(table, priority, values, masks, count, action, meter): number. The arrays are borrowed for the call.
Napi::Value BpfDatapathWrap::Add(const Napi::CallbackInfo& info) {
  Open* open = Stepping(info.Env(), "add");
  if (open == nullptr) return {};
  const auto table = IntegerFrom(info[0], 0, P4RTD_MAX_TABLES - 1);
  const auto priority = IntegerFrom(info[1], 0, 0x7fffffff);
  const auto values = ElementsFrom<s32>(info[2], napi_int32_array);
  const auto masks = ElementsFrom<s32>(info[3], napi_int32_array);
  const auto count = IntegerFrom(info[4], 1, kMostKeysOfRule);
  const auto action = IntegerFrom(info[5], 0, kMostU32);
  const auto meter = MeterFrom(info[6]);
  if (!table || !priority || !values || !masks || !count || !action || !meter ||
      values->size() < static_cast<std::size_t>(*count) * kKeyWords32 ||
      masks->size() < static_cast<std::size_t>(*count) * kKeyWords32)
    return ThrowType(info.Env(),
                     "BpfDatapath.add: expected table, priority, values and masks of 16 × count words, count: 1 … 32, "
                     "action, meter: BigUint64Array of 5 or undefined");
  const RuleTables::Keys keys{reinterpret_cast<const u32*>(values->data()),
                              reinterpret_cast<const u32*>(masks->data()), static_cast<u32>(*count)};
  s32 rule = 0;
  const Status status = open->rules->Add(static_cast<u32>(*table), static_cast<s32>(*priority), keys,
                                         {static_cast<u32>(*action), *meter}, rule);
  return status.ok() ? Napi::Number::New(info.Env(), rule) : ThrowSystem(info.Env(), status);
}

// replace(rule, action, meter, keepMeter: "keep" | "renew"): void
Napi::Value BpfDatapathWrap::Replace(const Napi::CallbackInfo& info) {
  Open* open = Stepping(info.Env(), "replace");
  if (open == nullptr) return {};
  const auto rule = IntegerFrom(info[0], 0, kMostU32);
  const auto action = IntegerFrom(info[1], 0, kMostU32);
  const auto meter = MeterFrom(info[2]);
  const auto keep = StringFrom(info[3], 5);
  if (!rule || !action || !meter || !keep || (*keep != "keep" && *keep != "renew"))
    return ThrowType(info.Env(), "BpfDatapath.replace: expected rule, action, meter or undefined, keep or renew");
  return Answer(info.Env(), open->rules->Replace(static_cast<u32>(*rule), {static_cast<u32>(*action), *meter}, *keep == "keep"));
}

Napi::Value BpfDatapathWrap::Remove(const Napi::CallbackInfo& info) {
  Open* open = Stepping(info.Env(), "remove");
  if (open == nullptr) return {};
  const auto rule = IntegerFrom(info[0], 0, kMostU32);
  if (!rule) return ThrowType(info.Env(), "BpfDatapath.remove: expected a rule's number");
  return Answer(info.Env(), open->rules->Remove(static_cast<u32>(*rule)));
}

Napi::Value BpfDatapathWrap::Commit(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  if (!open->rules->open()) return ThrowType(info.Env(), "BpfDatapath.commit: no step is open");
  const auto most = info[0].IsUndefined() ? std::optional<std::int64_t>(kMostU32) : IntegerFrom(info[0], 1, kMostU32);
  if (!most) return ThrowType(info.Env(), "BpfDatapath.commit: expected undefined or how many keys, 1 … 2^32 - 1");
  bool done = false;
  Status status;
  do status = open->rules->Commit(static_cast<std::size_t>(*most), done);
  while (!done && info[0].IsUndefined());
  return status.ok() ? Napi::Boolean::New(info.Env(), done) : ThrowSystem(info.Env(), status);
}

Napi::Value BpfDatapathWrap::Abandon(const Napi::CallbackInfo& info) {
  Open* open = Stepping(info.Env(), "abandon");
  if (open == nullptr) return {};
  open->rules->Abandon();
  return info.Env().Undefined();
}

// counters(rules: Uint32Array, into: Float64Array): void. Both are borrowed for the call.
Napi::Value BpfDatapathWrap::Counters(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto rules = ElementsFrom<u32>(info[0], napi_uint32_array);
  const auto into = ElementsFrom<double>(info[1], napi_float64_array);
  if (!rules || !into || into->size() < 2 * rules->size())
    return ThrowType(info.Env(), "BpfDatapath.counters: expected a Uint32Array and a Float64Array twice as long");
  for (std::size_t i = 0; i < rules->size(); i++) {
    p4rtd_counter counter{};
    const Status status = open->rules->Count((*rules)[i], counter);
    if (!status.ok()) return ThrowSystem(info.Env(), status);
    (*into)[2 * i] = static_cast<double>(counter.packets);
    (*into)[2 * i + 1] = static_cast<double>(counter.bytes);
  }
  return info.Env().Undefined();
}

// colours(rules: Uint32Array, into: Float64Array): void. Both are borrowed for the call.
Napi::Value BpfDatapathWrap::Colours(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto rules = ElementsFrom<u32>(info[0], napi_uint32_array);
  const auto into = ElementsFrom<double>(info[1], napi_float64_array);
  if (!rules || !into || into->size() < 4 * rules->size())
    return ThrowType(info.Env(), "BpfDatapath.colours: expected a Uint32Array and a Float64Array four times as long");
  for (std::size_t i = 0; i < rules->size(); i++) {
    p4rtd_colours colours{};
    const Status status = open->rules->CountColours((*rules)[i], colours);
    if (!status.ok()) return ThrowSystem(info.Env(), status);
    (*into)[4 * i] = static_cast<double>(colours.yellow_packets);
    (*into)[4 * i + 1] = static_cast<double>(colours.yellow_bytes);
    (*into)[4 * i + 2] = static_cast<double>(colours.red_packets);
    (*into)[4 * i + 3] = static_cast<double>(colours.red_bytes);
  }
  return info.Env().Undefined();
}

Napi::Value BpfDatapathWrap::Stats(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto into = ElementsFrom<double>(info[0], napi_float64_array);
  if (!into || into->size() < 3 + P4RTD_DROP_REASON_COUNT)
    return ThrowType(info.Env(), "BpfDatapath.stats: expected a Float64Array of 3 + dropReasons.length");
  const p4rtd_stats stats = open->object->Stats();
  (*into)[0] = static_cast<double>(stats.classified);
  (*into)[1] = static_cast<double>(stats.punted);
  (*into)[2] = static_cast<double>(open->reader->lost());
  for (u32 i = 0; i < P4RTD_DROP_REASON_COUNT; i++) (*into)[3 + i] = static_cast<double>(stats.drops[i]);
  return info.Env().Undefined();
}

Napi::Value BpfDatapathWrap::PortCounters(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto slot = IntegerFrom(info[0], 0, P4RTD_MAX_PORTS - 1);
  const auto into = ElementsFrom<double>(info[1], napi_float64_array);
  if (!slot || !into || into->size() < 3)
    return ThrowType(info.Env(), "BpfDatapath.portCounters: expected a slot, 0 … 1023, and a Float64Array of 3");
  const p4rtd_port_counter counter = open->object->PortCounter(static_cast<u32>(*slot));
  (*into)[0] = static_cast<double>(counter.in);
  (*into)[1] = static_cast<double>(counter.punted);
  (*into)[2] = static_cast<double>(counter.dropped);
  return info.Env().Undefined();
}

Napi::Value BpfDatapathWrap::Dump(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Open* open = Opened(env);
  if (open == nullptr) return {};
  std::vector<DumpedRule> rules;
  const Status status = open->object->Dump(rules);
  if (!status.ok()) return ThrowSystem(env, status);
  return LinesOf(env, rules);
}

Napi::Value BpfDatapathWrap::Take(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  u32 slab = 0;
  u32 frames = 0;
  if (!open->reader->Take(slab, frames)) return Napi::Number::New(info.Env(), -1);
  return Napi::Number::New(info.Env(), frames << 16 | slab);
}

Napi::Value BpfDatapathWrap::Release(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto slab = IntegerFrom(info[0], 0, kMostU32);
  if (!slab || !open->reader->Release(static_cast<u32>(*slab)))
    return ThrowType(info.Env(), "BpfDatapath.release: expected the number of a slab that was taken");
  return info.Env().Undefined();
}

// testRun(frame: Uint8Array, ifindex: number, repeat: number): { answer: number, ns: number }
Napi::Value BpfDatapathWrap::TestRun(const Napi::CallbackInfo& info) {
  Open* open = Opened(info.Env());
  if (open == nullptr) return {};
  const auto frame = ElementsFrom<u8>(info[0], napi_uint8_array);
  const auto ifindex = IfindexFrom(info[1]);
  const auto repeat = IntegerFrom(info[2], 1, 0x7fffffff);
  if (!frame || frame->size() > kMostTestFrame || !ifindex || !repeat)
    return ThrowType(info.Env(), "BpfDatapath.testRun: expected a Uint8Array, an ifindex and how often, 1 or more");
  s32 answer = 0;
  u32 ns = 0;
  const Status status =
      open->object->TestRun(frame->data(), static_cast<u32>(frame->size()), static_cast<u32>(*ifindex),
                            static_cast<u32>(*repeat), answer, ns);
  if (!status.ok()) return ThrowSystem(info.Env(), status);
  auto result = Napi::Object::New(info.Env());
  result.Set("answer", answer);
  result.Set("ns", ns);
  return result;
}

// close(links: "keep" | "flush"): void
Napi::Value BpfDatapathWrap::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (Opened(env) == nullptr) return {};
  const auto links = StringFrom(info[0], 5);
  if (!links || (*links != "keep" && *links != "flush"))
    return ThrowType(env, "BpfDatapath.close: expected keep or flush");
  napi_remove_env_cleanup_hook(env, OnEnvironmentEnd, this);
  StopReader();
  const Status status = *links == "keep" ? open_->hooks->Keep() : open_->hooks->Flush();
  LetGo();
  return Answer(env, status);
}

}  // namespace p4rtd
