#include "record/codec.h"

#ifdef RUNNEL_HAVE_SNAPPY
#include <snappy.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/status.h"

namespace runnel::record::internal {
namespace {

constexpr CompressionType kType = CompressionType::kSnappy;
constexpr std::string_view kMagic("\x82SNAPPY\0", 8);
constexpr size_t kHeaderBytes = 16;  // magic, version, oldest compatible version
constexpr size_t kBlockBytes = 32 * 1024;
// A copy of 3 bytes makes at most 64: no block grows more than this.
constexpr size_t kMaxExpansion = 22;
// An announced size above this is believed only once the block has been checked.
constexpr size_t kTrustedBytes = size_t{1} << 20;

class SnappyCodec final : public Codec {
 public:
  Status Compress(int /*level*/, std::string_view in, Buffer& out) override {
    out.Append(kMagic);
    AppendInt32(1, out);
    AppendInt32(1, out);
    while (!in.empty()) {
      const std::string_view block = in.substr(0, kBlockBytes);
      in.remove_prefix(block.size());
      out.EnsureFree(4 + snappy::MaxCompressedLength(block.size()));
      size_t size = 0;
      snappy::RawCompress(block.data(), block.size(), out.tail() + 4, &size);
      base::StoreBigEndian<int32_t>(out.tail(), static_cast<int32_t>(size));
      out.Commit(4 + size);
    }
    return OkStatus();
  }

  Status Decompress(std::string_view in, int64_t max_bytes, Buffer& out) override {
    if (!in.starts_with(kMagic)) return DecompressBlock(in, max_bytes, out);
    base::ByteReader reader(in);
    const size_t before = out.size();
    while (reader.remaining() > 0) {
      if (reader.rest().starts_with(kMagic)) {  // streams may follow each other
        RUNNEL_RETURN_IF_ERROR(SkipHeader(reader));
        continue;
      }
      const std::string_view block = reader.ReadBytes(reader.ReadInt32());
      if (!reader.ok()) return CorruptData(kType, "cut inside a chunk");
      const auto done = static_cast<int64_t>(out.size() - before);
      RUNNEL_RETURN_IF_ERROR(DecompressBlock(block, max_bytes - done, out));
    }
    return OkStatus();
  }

 private:
  static void AppendInt32(int32_t value, Buffer& out) {
    char bytes[4];
    base::StoreBigEndian(bytes, value);
    out.Append({bytes, sizeof bytes});
  }

  static Status SkipHeader(base::ByteReader& reader) {
    reader.Skip(kHeaderBytes - 4);
    const int32_t compatible = reader.ReadInt32();
    if (!reader.ok() || compatible > 1) return CorruptData(kType, "bad stream header");
    return OkStatus();
  }

  static Status DecompressBlock(std::string_view in, int64_t max_bytes, Buffer& out) {
    size_t size = 0;
    if (!snappy::GetUncompressedLength(in.data(), in.size(), &size) ||
        size > in.size() * kMaxExpansion) {
      return CorruptData(kType, "malformed block");
    }
    if (static_cast<int64_t>(size) > max_bytes) return TooMuchData(kType, max_bytes);
    if (size > kTrustedBytes && !snappy::IsValidCompressedBuffer(in.data(), in.size())) {
      return CorruptData(kType, "malformed block");
    }
    if (size == 0) return OkStatus();
    out.EnsureFree(size);
    if (!snappy::RawUncompress(in.data(), in.size(), out.tail())) {
      return CorruptData(kType, "malformed block");
    }
    out.Commit(size);
    return OkStatus();
  }
};

}  // namespace

std::unique_ptr<Codec> NewSnappyCodec() {
  return std::make_unique<SnappyCodec>();
}

}  // namespace runnel::record::internal
#else
namespace runnel::record::internal {
std::unique_ptr<Codec> NewSnappyCodec() {
  return nullptr;
}
}  // namespace runnel::record::internal
#endif
