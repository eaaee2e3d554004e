// Checksums that a local sender has left to the network card.
#pragma once

#include "core/abi.h"

namespace p4rtd {

// Finishes the TCP or UDP checksum of an Ethernet frame if it holds no more than the sum of the pseudo header, as that
// of a local sender does until the frame reaches a network card (CHECKSUM_PARTIAL). A sum that happens to equal it and
// is right stays as it is. Fragments and frames cut short are left alone.
void FinishTransportChecksum(u8* frame, u32 length);

}  // namespace p4rtd
