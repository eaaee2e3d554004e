#include "core/punt_reader.h"

#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "core/transport_checksum.h"

namespace p4rtd {

namespace {

// Copied under one hold of the mutex, so that JavaScript does not wait long for it.
constexpr u32 kBurst = 64;
constexpr u32 kColumns = 4;
constexpr u32 kAlign = 8;
// How long the reader leaves the ring alone after it has emptied it. Frames of a stream then come in batches, each for
// one waking of this thread and of JavaScript: a waking for every frame costs the CPU that receives 7 µs.
constexpr timespec kNap{0, 50'000};

}  // namespace

PuntReader::PuntReader(Options options) : options_(std::move(options)) {
  owners_.assign(options_.slabs.size(), Owner::kFree);
  for (u32 i = static_cast<u32>(options_.slabs.size()); i > 0; i--) free_.push_back(i - 1);
}

Status PuntReader::Start() {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  // One page with the consumer's position; then one with the producer's, and the data twice, so that records that
  // wrap are in one piece. @see Linux Documentation/bpf/ringbuf.rst
  Status status = consumer_.Map(options_.ring, page, PROT_READ | PROT_WRITE, 0);
  if (status.ok())
    status = producer_.Map(options_.ring, page + 2 * std::size_t{options_.ring_bytes}, PROT_READ, static_cast<off_t>(page));
  if (!status.ok()) return status;
  event_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_.open()) return Status::FromErrno("eventfd");
  // The new thread inherits the mask: signals are for the threads that Node.js made.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, Run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return Status::Of(error, "pthread_create");
  pthread_setname_np(thread_, "p4rtd-punt");
  running_ = true;
  return Status::Ok();
}

void PuntReader::Stop() {
  if (!running_) return;
  stop_.store(true);
  Wake();
  pthread_join(thread_, nullptr);
  running_ = false;
}

void* PuntReader::Run(void* reader) {
  static_cast<PuntReader*>(reader)->Loop();
  return nullptr;
}

void PuntReader::Loop() {
  bool rested = true;
  while (!stop_.load()) {
    switch (CopySome()) {
      case Outcome::kCopied:
        if (!rung_.exchange(true)) options_.doorbell();
        rested = false;
        break;
      case Outcome::kNoSlab:
        Sleep(Until::kWoken);
        break;
      case Outcome::kIdle:
        if (!rested) {
          Sleep(Until::kRested);
          rested = true;
          break;
        }
        // The program looks at need_wakeup after it has begun a record: either it sees this, or we its record.
        __atomic_store_n(&options_.control->need_wakeup, 1, __ATOMIC_SEQ_CST);
        if (RingHasMore())
          sched_yield();  // the record is being written
        else
          Sleep(Until::kFrames);
        __atomic_store_n(&options_.control->need_wakeup, 0, __ATOMIC_SEQ_CST);
        break;
    }
  }
}

bool PuntReader::RingHasMore() const {
  return __atomic_load_n(producer_.as<u64>(), __ATOMIC_SEQ_CST) != __atomic_load_n(consumer_.as<u64>(), __ATOMIC_RELAXED);
}

PuntReader::Outcome PuntReader::CopySome() {
  const u8* data = producer_.as<u8>() + sysconf(_SC_PAGESIZE);
  u64* position = consumer_.as<u64>();
  u64 at = __atomic_load_n(position, __ATOMIC_RELAXED);
  const u64 end = __atomic_load_n(producer_.as<u64>(), __ATOMIC_ACQUIRE);
  Outcome outcome = Outcome::kIdle;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (u32 i = 0; i < kBurst && at < end; i++) {
    const u8* record = data + (at & (options_.ring_bytes - 1));
    const u32 word = __atomic_load_n(reinterpret_cast<const u32*>(record), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) break;
    const u32 bytes = word & ~BPF_RINGBUF_DISCARD_BIT;
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
      if (!CopyRecord(*reinterpret_cast<const p4rtd_punt*>(record + BPF_RINGBUF_HDR_SZ), bytes))
        return outcome == Outcome::kCopied ? outcome : Outcome::kNoSlab;
      outcome = Outcome::kCopied;
    }
    at += (bytes + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
    __atomic_store_n(position, at, __ATOMIC_RELEASE);
  }
  return outcome;
}

// False: no slab is free.
bool PuntReader::CopyRecord(const p4rtd_punt& head, u32 bytes) {
  if (head.length > bytes - sizeof(head)) {
    lost_.fetch_add(1);
    return true;
  }
  if (filling_ &&
      (open_.frames == options_.slab_frames || used_ + head.length > options_.slabs[open_.slab].bytes))
    CloseSlab();
  if (!filling_ && !OpenSlab()) return false;
  u8* slab = options_.slabs[open_.slab].memory;
  u8* frame = slab + used_;
  memcpy(frame, &head + 1, head.length);
  FinishTransportChecksum(frame, head.length);
  u32* row = reinterpret_cast<u32*>(slab) + open_.frames;
  row[0] = used_;
  row[options_.slab_frames] = head.length;
  row[2 * options_.slab_frames] = head.ingress_port;
  row[3 * options_.slab_frames] = head.egress_port;
  used_ += (head.length + kAlign - 1) / kAlign * kAlign;
  open_.frames++;
  return true;
}

bool PuntReader::OpenSlab() {
  if (free_.empty()) return false;
  open_ = {free_.back(), 0};
  free_.pop_back();
  owners_[open_.slab] = Owner::kReader;
  filling_ = true;
  used_ = kColumns * sizeof(u32) * options_.slab_frames;
  return true;
}

void PuntReader::CloseSlab() {
  owners_[open_.slab] = Owner::kReady;
  ready_.push_back(open_);
  filling_ = false;
}

bool PuntReader::Take(u32& slab, u32& frames) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ready_.empty() && filling_ && open_.frames > 0) CloseSlab();
  if (ready_.empty()) return false;
  slab = ready_.front().slab;
  frames = ready_.front().frames;
  ready_.pop_front();
  owners_[slab] = Owner::kCaller;
  return true;
}

bool PuntReader::Release(u32 slab) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (slab >= owners_.size() || owners_[slab] != Owner::kCaller) return false;
  owners_[slab] = Owner::kFree;
  free_.push_back(slab);
  if (free_.size() == 1) Wake();  // the reader may wait for one
  return true;
}

void PuntReader::Sleep(Until until) {
  pollfd fds[] = {{event_.get(), POLLIN, 0}, {options_.ring, POLLIN, 0}};
  if (ppoll(fds, until == Until::kFrames ? 2 : 1, until == Until::kRested ? &kNap : nullptr, nullptr) < 0) return;
  u64 count = 0;
  // Empty if the ring was what woke us.
  if (read(event_.get(), &count, sizeof(count)) < 0) return;
}

void PuntReader::Wake() {
  const u64 one = 1;
  // The counter cannot be full: it is reset at each waking.
  if (write(event_.get(), &one, sizeof(one)) < 0) return;
}

}  // namespace p4rtd
