// p4rtd_abi.h for C++: the integer types it asks for, then the header itself.
#pragma once

#include <cstdint>

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s32 = std::int32_t;

#include "bpf/p4rtd_abi.h"
