// BpfDatapath of addon.ts.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "core/bpf_hook.h"
#include "core/bpf_object.h"
#include "core/punt_reader.h"
#include "core/rule_tables.h"
#include "napi/bpf_options.h"

namespace p4rtd {

// Adds `openBpf` to `exports`.
void RegisterBpfDatapath(Napi::Env env, Napi::Object exports);

class BpfDatapathWrap : public Napi::ObjectWrap<BpfDatapathWrap> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit BpfDatapathWrap(const Napi::CallbackInfo& info);
  ~BpfDatapathWrap() override;

 private:
  // What is there from openBpf to close. Members go in the reverse of their order: the reader first, which uses the ring.
  struct Open {
    std::vector<Napi::Reference<Napi::ArrayBuffer>> memory;
    std::unique_ptr<BpfObject> object;
    std::unique_ptr<RuleTables> rules;
    std::unique_ptr<BpfHooks> hooks;
    std::unique_ptr<PuntReader> reader;
  };

  static Napi::Value OpenBpf(const Napi::CallbackInfo& info);
  static Status Load(const BpfOptions& options, Open& into);
  static void OnDoorbell(napi_env env, napi_value callback, void* wrap, void* data);
  static void OnEnvironmentEnd(void* wrap);
  Status StartReader(Napi::Env env, BpfOptions& options);
  void StopReader();
  void LetGo();

  Napi::Value Attach(const Napi::CallbackInfo& info);
  Napi::Value Detach(const Napi::CallbackInfo& info);
  Napi::Value DetachOthers(const Napi::CallbackInfo& info);
  Napi::Value SetPort(const Napi::CallbackInfo& info);
  Napi::Value DeletePort(const Napi::CallbackInfo& info);
  Napi::Value SetSegmenter(const Napi::CallbackInfo& info);
  Napi::Value ResetSlot(const Napi::CallbackInfo& info);
  Napi::Value SetLocalAddresses(const Napi::CallbackInfo& info);
  Napi::Value Begin(const Napi::CallbackInfo& info);
  Napi::Value Reset(const Napi::CallbackInfo& info);
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Replace(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Commit(const Napi::CallbackInfo& info);
  Napi::Value Abandon(const Napi::CallbackInfo& info);
  Napi::Value Counters(const Napi::CallbackInfo& info);
  Napi::Value Colours(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value PortCounters(const Napi::CallbackInfo& info);
  Napi::Value Dump(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value Release(const Napi::CallbackInfo& info);
  Napi::Value TestRun(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // Nothing, with an exception pending, after close.
  Open* Opened(Napi::Env env);
  // The same unless a step is open.
  Open* Stepping(Napi::Env env, const char* method);
  static Napi::Value Answer(Napi::Env env, const Status& status);

  std::unique_ptr<Open> open_;
  napi_threadsafe_function doorbell_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace p4rtd
