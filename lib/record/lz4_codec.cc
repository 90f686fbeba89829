#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "record/codec.h"

namespace runnel::record::internal {
namespace {

constexpr CompressionType kType = CompressionType::kLz4;
constexpr uint32_t kMagic = 0x184D2204;
constexpr char kFrameStart[] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, static_cast<char>(0x82)};
constexpr int kBlockBytes = 64 * 1024;
constexpr uint32_t kStoredBit = 0x80000000;
constexpr int kDefaultLevel = 9;  // of Kafka: the fast compressor; any other means HC

// The frame's start: what its blocks look like.
struct Frame {
  int64_t max_block_bytes = 0;
  bool block_checksums = false;
};

Status Corrupt(std::string_view reason) {
  return CorruptData(kType, reason);
}

// [magic: 4][FLG: 1][BD: 1][content size: 8, optional][header checksum: 1]
// FLG: version (2 bits) = 1, independent blocks, block checksums, content size, content checksum,
// 2 reserved bits. BD: reserved bit, block size code 4 to 7 (64 KiB to 4 MiB), 4 reserved bits.
StatusOr<Frame> ReadFrameStart(base::ByteReader& reader) {
  const auto* const magic = reader.rest().data();
  if (reader.remaining() < 7 || base::LoadLittleEndian<uint32_t>(magic) != kMagic) {
    return Corrupt("no frame magic");
  }
  reader.Skip(4);
  const std::string_view descriptor = reader.rest();
  const uint8_t flags = reader.ReadUint8();
  const uint8_t block = reader.ReadUint8();
  if ((flags >> 6) != 1 || (flags & 0x03) != 0) return Corrupt("unknown frame version or flags");
  if ((flags & 0x20) == 0) return Corrupt("blocks that depend on each other");
  const int size_code = (block >> 4) & 0x07;
  if ((block & 0x8f) != 0 || size_code < 4) return Corrupt("bad block size");
  const bool has_content_size = (flags & 0x08) != 0;
  if (has_content_size) reader.Skip(8);
  const std::string_view hashed = descriptor.substr(0, has_content_size ? 10 : 2);
  const uint8_t checksum = reader.ReadUint8();
  if (!reader.ok()) return Corrupt("cut in the frame header");
  if (checksum != ((XxHash32(hashed) >> 8) & 0xff)) return Corrupt("bad frame header checksum");
  return Frame{.max_block_bytes = int64_t{1} << (8 + 2 * size_code),
               .block_checksums = (flags & 0x10) != 0};
}

// Decompresses one block of at most `max_bytes`. Room is made for a likely size first, and only
// when that fails for the most that so many bytes can become.
bool DecompressBlock(std::string_view in, int64_t max_bytes, Buffer& out) {
  const auto in_bytes = static_cast<int64_t>(in.size());
  const int64_t most = std::min(max_bytes, in_bytes * 255 + 64);
  int64_t room = std::min(most, std::max<int64_t>(kBlockBytes, in_bytes * 4));
  for (;;) {
    out.EnsureFree(static_cast<size_t>(room));
    room = std::min(most, static_cast<int64_t>(out.free_bytes()));
    const int size = LZ4_decompress_safe(in.data(), out.tail(), static_cast<int>(in.size()),
                                         static_cast<int>(room));
    if (size >= 0) {
      out.Commit(static_cast<size_t>(size));
      return true;
    }
    if (room == most) return false;
    room = most;
  }
}

class Lz4Codec final : public Codec {
 public:
  Status Compress(int level, std::string_view in, Buffer& out) override {
    out.Append({kFrameStart, sizeof kFrameStart});
    while (!in.empty()) {
      const std::string_view block = in.substr(0, kBlockBytes);
      in.remove_prefix(block.size());
      if (!CompressBlock(level, block, out)) return CodecFailed(kType, "out of memory");
    }
    constexpr char kEndMark[4] = {};
    out.Append({kEndMark, sizeof kEndMark});
    return OkStatus();
  }

  Status Decompress(std::string_view in, int64_t max_bytes, Buffer& out) override {
    base::ByteReader reader(in);
    RUNNEL_ASSIGN_OR_RETURN(const Frame frame, ReadFrameStart(reader));
    const size_t before = out.size();
    for (;;) {
      const std::string_view word = reader.ReadBytes(4);
      if (!reader.ok()) return Corrupt("no end mark");
      const uint32_t size_word = base::LoadLittleEndian<uint32_t>(word.data());
      if (size_word == 0) return OkStatus();  // a content checksum may follow: not looked at
      const int64_t size = size_word & ~kStoredBit;
      if (size > frame.max_block_bytes) return Corrupt("block above the frame's block size");
      const std::string_view block = reader.ReadBytes(size);
      if (!reader.ok()) return Corrupt("cut inside a block");
      if (frame.block_checksums) RUNNEL_RETURN_IF_ERROR(CheckBlock(block, reader));
      if ((size_word & kStoredBit) != 0) {
        out.Append(block);
      } else if (!DecompressBlock(block, frame.max_block_bytes, out)) {
        return Corrupt("malformed block");
      }
      if (static_cast<int64_t>(out.size() - before) > max_bytes) {
        return TooMuchData(kType, max_bytes);
      }
    }
  }

 private:
  static Status CheckBlock(std::string_view block, base::ByteReader& reader) {
    const std::string_view stored = reader.ReadBytes(4);
    if (!reader.ok() || base::LoadLittleEndian<uint32_t>(stored.data()) != XxHash32(block)) {
      return Corrupt("bad block checksum");
    }
    return OkStatus();
  }

  bool CompressBlock(int level, std::string_view block, Buffer& out) {
    const auto block_bytes = static_cast<int>(block.size());
    const int bound = LZ4_compressBound(block_bytes);
    out.EnsureFree(static_cast<size_t>(bound) + 4);
    char* const to = out.tail() + 4;
    const int size = CompressInto(level, block, to, bound);
    if (size < 0) return false;
    if (size == 0 || size >= block_bytes) {  // does not get smaller: stored
      std::memcpy(to, block.data(), block.size());
      base::StoreLittleEndian<uint32_t>(to - 4, static_cast<uint32_t>(block_bytes) | kStoredBit);
      out.Commit(block.size() + 4);
      return true;
    }
    base::StoreLittleEndian<uint32_t>(to - 4, static_cast<uint32_t>(size));
    out.Commit(static_cast<size_t>(size) + 4);
    return true;
  }

  int CompressInto(int level, std::string_view block, char* to, int bound) {
    const auto block_bytes = static_cast<int>(block.size());
    if (level == kDefaultLevel) {
      if (fast_state_.empty()) fast_state_.resize(Words(LZ4_sizeofState()));
      return LZ4_compress_fast_extState(fast_state_.data(), block.data(), to, block_bytes, bound,
                                        1);
    }
    if (high_state_.empty()) high_state_.resize(Words(LZ4_sizeofStateHC()));
    return LZ4_compress_HC_extStateHC(high_state_.data(), block.data(), to, block_bytes, bound,
                                      level);
  }

  static size_t Words(int bytes) { return (static_cast<size_t>(bytes) + 7) / 8; }

  std::vector<uint64_t> fast_state_;  // words, because the states need their alignment
  std::vector<uint64_t> high_state_;
};

constexpr uint32_t kPrime1 = 2654435761U;
constexpr uint32_t kPrime2 = 2246822519U;
constexpr uint32_t kPrime3 = 3266489917U;
constexpr uint32_t kPrime4 = 668265263U;
constexpr uint32_t kPrime5 = 374761393U;

uint32_t Round(uint32_t lane, const char* at) {
  return std::rotl(lane + base::LoadLittleEndian<uint32_t>(at) * kPrime2, 13) * kPrime1;
}

}  // namespace

uint32_t XxHash32(std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t hash = kPrime5;
  if (left >= 16) {
    uint32_t lanes[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    for (; left >= 16; left -= 16) {
      for (uint32_t& lane : lanes) {
        lane = Round(lane, at);
        at += 4;
      }
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
  }
  hash += static_cast<uint32_t>(bytes.size());
  for (; left >= 4; left -= 4, at += 4) {
    hash = std::rotl(hash + base::LoadLittleEndian<uint32_t>(at) * kPrime3, 17) * kPrime4;
  }
  for (; left > 0; --left, ++at) {
    hash = std::rotl(hash + static_cast<uint8_t>(*at) * kPrime5, 11) * kPrime1;
  }
  hash = (hash ^ (hash >> 15)) * kPrime2;
  hash = (hash ^ (hash >> 13)) * kPrime3;
  return hash ^ (hash >> 16);
}

std::unique_ptr<Codec> NewLz4Codec() {
  return std::make_unique<Lz4Codec>();
}

}  // namespace runnel::record::internal
