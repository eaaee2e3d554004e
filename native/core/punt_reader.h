// Punted frames from the kernel's ring into slabs of memory that JavaScript reads.
#pragma once

#include <pthread.h>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "core/bpf_object.h"
#include "core/unique_fd.h"

namespace p4rtd {

// A thread that empties the ring. While no slab is free frames wait in the ring, and the program drops and counts what
// finds that full; so no frame is lost unseen.
class PuntReader {
 public:
  // Four columns of `frames` 32-bit words (offset, length, ingress port, egress port), then the frames.
  struct Slab {
    u8* memory;
    u32 bytes;
  };
  struct Options {
    int ring;  // borrowed, until Stop
    u32 ring_bytes;
    p4rtd_control* control;
    std::vector<Slab> slabs;  // memory borrowed, until Stop
    u32 slab_frames;
    // Called on the reader's thread when frames wait; not again before Answered.
    std::function<void()> doorbell;
  };

  explicit PuntReader(Options options);
  ~PuntReader() { Stop(); }

  Status Start();
  // Ends the thread. Frames not yet taken are lost.
  void Stop();

  void Answered() { rung_.store(false); }
  // A slab with frames, the caller's until Release, and how many; false: there are none.
  bool Take(u32& slab, u32& frames);
  // False: the slab is not the caller's.
  bool Release(u32 slab);
  // Frames that were in the ring and did not fit a slab or were malformed.
  u64 lost() const { return lost_.load(); }

 private:
  enum class Outcome { kIdle, kCopied, kNoSlab };

  static void* Run(void* reader);
  void Loop();
  Outcome CopySome();
  bool CopyRecord(const p4rtd_punt& head, u32 bytes);
  bool OpenSlab();
  void CloseSlab();
  bool RingHasMore() const;
  // Wake ends every sleep.
  enum class Until { kWoken, kFrames, kRested };
  void Sleep(Until until);
  void Wake();

  Options options_;
  MappedMemory consumer_, producer_;
  UniqueFd event_;
  pthread_t thread_{};
  bool running_ = false;
  std::atomic<bool> stop_{false};
  std::atomic<bool> rung_{false};
  std::atomic<u64> lost_{0};

  // Under the mutex: which slabs are free, hold frames, are the caller's; the one that is being filled.
  enum class Owner : u8 { kFree, kReader, kReady, kCaller };
  std::mutex mutex_;
  std::vector<Owner> owners_;
  std::vector<u32> free_;
  struct Filled {
    u32 slab;
    u32 frames;
  };
  std::deque<Filled> ready_;
  bool filling_ = false;
  Filled open_{0, 0};
  u32 used_ = 0;  // bytes of the open slab
};

}  // namespace p4rtd
