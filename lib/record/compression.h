// The codecs of record batches, byte compatible with Kafka's clients.
//
//   gzip    RFC 1952; concatenated members are read
//   snappy  written as the "xerial" stream: 82 53 4e 41 50 50 59 00, int32 1, int32 1, then chunks
//           [compressed size: int32][raw snappy block of up to 32 KiB]; a bare block is read too
//   lz4     frame with independent 64 KiB blocks and no checksums: 04 22 4d 18 60 40 82, then
//           blocks [size: little-endian uint32, bit 31 = stored][bytes], end mark 00 00 00 00
//   zstd    standard frames
//
// gzip, snappy and zstd are there when their libraries were found at build time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "record/buffer.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record {

// Bound on the decompressed size of one batch when nobody names another one, in bytes.
inline constexpr int64_t kDefaultMaxInflatedBytes = int64_t{128} << 20;

// True when this build can write and read `type`.
bool IsSupported(CompressionType type);
// OK, or kUnsupportedCompressionType naming the codec and the library to install.
Status CheckSupported(CompressionType type);

// Levels of a codec, as Kafka bounds `compression.<codec>.level`.
struct LevelRange {
  int min = 0;
  int max = 0;
  int default_level = 0;  // may lie outside: gzip's -1 lets zlib choose
};
// nullopt for codecs without levels (none, snappy).
std::optional<LevelRange> LevelsOf(CompressionType type);

// Compresses and decompresses with contexts that it keeps for the next call.
//
// Thread safety: thread-safe; a lock is held only to take and return a context.
// Cost: no allocation once a context of the codec is warm, but for growing `out`. At most
// `max_idle_contexts` are kept per codec and direction (an lz4 one is 16 KiB, a zstd one up to
// several MiB at high levels).
class Codecs {
 public:
  explicit Codecs(size_t max_idle_contexts = 4);
  ~Codecs();
  Codecs(const Codecs&) = delete;
  Codecs& operator=(const Codecs&) = delete;

  // Appends the compressed form of `in` to `out`. `level` nullopt is the codec's default; others
  // are cut to its range. kNone copies.
  // Errors: kUnsupportedCompressionType.
  Status Compress(CompressionType type, std::optional<int> level, std::string_view in, Buffer& out);

  // Appends the decompressed form of `in` to `out`. Memory grows with what really comes out,
  // whatever sizes `in` announces. On error the content of `out` is as before.
  // Errors: kCorruptMessage for bytes the codec does not accept; kRecordListTooLarge when more
  // than `max_bytes` would come out; kUnsupportedCompressionType.
  Status Decompress(CompressionType type, std::string_view in, int64_t max_bytes, Buffer& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::record
