// One codec with its reusable state; behind Codecs.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "record/buffer.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record::internal {

// Thread safety: confined to one call at a time; Codecs sees to it.
class Codec {
 public:
  virtual ~Codec() = default;
  // Appends the compressed form of `in`; `level` lies in the codec's range.
  virtual Status Compress(int level, std::string_view in, Buffer& out) = 0;
  // Appends at most `max_bytes`. May leave a partial result in `out` on error.
  // Errors: made by CorruptData and TooMuchData.
  virtual Status Decompress(std::string_view in, int64_t max_bytes, Buffer& out) = 0;
};

// Null where the library was not found at build time.
std::unique_ptr<Codec> NewGzipCodec();
std::unique_ptr<Codec> NewSnappyCodec();
std::unique_ptr<Codec> NewLz4Codec();
std::unique_ptr<Codec> NewZstdCodec();

// kCorruptMessage: "lz4 data: ..."
Status CorruptData(CompressionType type, std::string_view reason);
// kRecordListTooLarge.
Status TooMuchData(CompressionType type, int64_t max_bytes);
// kUnknownServerError: a library refused what it must accept.
Status CodecFailed(CompressionType type, std::string_view reason);

// XXH32 with seed 0: the checksum inside lz4 frames.
uint32_t XxHash32(std::string_view bytes);

}  // namespace runnel::record::internal
