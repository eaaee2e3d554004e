#include "core/packet_sender.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "core/netns.h"

namespace p4rtd {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::array<std::uint8_t, kMinFrame> kZeros{};

// The messages of one sendmmsg: each frame, and zeros behind a short one.
class Batch {
 public:
  explicit Batch(std::span<const Frame> frames) : size_(frames.size()) {
    for (std::size_t i = 0; i < size_; i++) {
      const Frame frame = frames[i];
      iovec* parts = &parts_[2 * i];
      parts[0] = {const_cast<std::uint8_t*>(frame.data()), frame.size()};
      // A runt stays one, so that the kernel refuses it.
      const bool pad = frame.size() >= ETH_HLEN && frame.size() < kMinFrame;
      if (pad) parts[1] = {const_cast<std::uint8_t*>(kZeros.data()), kMinFrame - frame.size()};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_iov = parts;
      messages_[i].msg_hdr.msg_iovlen = pad ? 2 : 1;
    }
  }

  // Sends what comes from `first` on; how many went, or -1 and errno for the one at `first`.
  int SendFrom(int fd, std::size_t first) {
    int sent;
    do sent = sendmmsg(fd, &messages_[first], static_cast<unsigned>(size_ - first), MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent;
  }

 private:
  std::size_t size_;
  std::array<mmsghdr, kBatch> messages_;
  std::array<iovec, 2 * kBatch> parts_;
};

}  // namespace

Status PacketSender::Open(const std::optional<std::string>& netns, int ifindex, PacketSender& out) {
  PacketSender sender;
  sender.ifindex_ = ifindex;
  const Status made = InNetns(netns, [&] {
    // Protocol 0: it receives nothing.
    sender.fd_ = UniqueFd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    return sender.fd_.open() ? Status::Ok() : Status::FromErrno("socket(AF_PACKET)");
  });
  if (!made.ok()) return made;
  const int on = 1;
  if (setsockopt(sender.fd_.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
    return Status::FromErrno("setsockopt(PACKET_QDISC_BYPASS)");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = ifindex;
  if (bind(sender.fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0)
    return Status::FromErrno("bind(AF_PACKET)", "ifindex " + std::to_string(ifindex));
  out = std::move(sender);
  return Status::Ok();
}

std::size_t PacketSender::Send(std::span<const Frame> frames, std::int32_t* results) {
  std::size_t went = 0;
  for (std::size_t start = 0; start < frames.size(); start += kBatch) {
    const std::size_t size = std::min(kBatch, frames.size() - start);
    Batch batch(frames.subspan(start, size));
    for (std::size_t done = 0; done < size;) {
      const int sent = batch.SendFrom(fd_.get(), done);
      if (sent >= 0) {
        std::fill_n(results + start + done, sent, 0);
        done += static_cast<std::size_t>(sent);
        went += static_cast<std::size_t>(sent);
      } else if (errno == EAGAIN) {
        std::fill(results + start + done, results + frames.size(), EAGAIN);
        return went;
      } else {
        results[start + done++] = errno;
      }
    }
  }
  return went;
}

Status PacketSender::SetPromiscuous(bool on) {
  if (on == promiscuous_) return Status::Ok();
  packet_mreq request{};
  request.mr_ifindex = ifindex_;
  request.mr_type = PACKET_MR_PROMISC;
  const int option = on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP;
  const int error = setsockopt(fd_.get(), SOL_PACKET, option, &request, sizeof(request)) < 0 ? errno : 0;
  // The membership of a device that has vanished went with it.
  const bool gone = !on && (error == EADDRNOTAVAIL || error == ENODEV);
  if (error != 0 && !gone)
    return Status::Of(error, on ? "setsockopt(PACKET_ADD_MEMBERSHIP)" : "setsockopt(PACKET_DROP_MEMBERSHIP)");
  promiscuous_ = on;
  return Status::Ok();
}

}  // namespace p4rtd
