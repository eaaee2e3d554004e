// Frames out of one netdev.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/status.h"
#include "core/unique_fd.h"

namespace p4rtd {

using Frame = std::span<const std::uint8_t>;

// Shorter frames are padded with zeros to this, as a MAC does; a veth would carry them as they are.
inline constexpr std::size_t kMinFrame = 60;

// A packet socket that only sends, past the queueing discipline, bound to one netdev. @see packet(7)
class PacketSender {
 public:
  // ENODEV if there is no netdev `ifindex` in the namespace, EPERM without CAP_NET_RAW.
  static Status Open(const std::optional<std::string>& netns, int ifindex, PacketSender& out);

  // Sends Ethernet frames without FCS and without waiting; VLAN tags are part of the frame. results[i] becomes 0 or the
  // errno with which frame i was refused: EINVAL below 14 bytes, EMSGSIZE above the MTU, ENETDOWN, ENOBUFS without
  // carrier or with a full device queue, ENXIO when the device is gone. EAGAIN, the socket's buffer is full: this frame
  // and all later ones were not tried. How many went.
  // Precondition: open; `results` has room for one of each frame.
  std::size_t Send(std::span<const Frame> frames, std::int32_t* results);

  // Asks for frames to other stations, or stops asking. The kernel counts who asks and stops when the socket closes.
  Status SetPromiscuous(bool on);

  bool open() const { return fd_.open(); }
  void Close() { fd_.Close(); }

 private:
  UniqueFd fd_;
  int ifindex_ = 0;
  bool promiscuous_ = false;
};

}  // namespace p4rtd
