#include "record/codec.h"

#ifdef RUNNEL_HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

namespace runnel::record::internal {
namespace {

constexpr CompressionType kType = CompressionType::kZstd;
constexpr size_t kFirstRoomBytes = 64 * 1024;
constexpr size_t kTrustedBytes = size_t{1} << 20;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Room to try first: the announced size where it is plausible for so much input.
size_t FirstRoom(std::string_view in) {
  const unsigned long long announced = ZSTD_getFrameContentSize(in.data(), in.size());
  const size_t likely = std::max(in.size() * 4, kFirstRoomBytes);
  if (announced <= likely + kTrustedBytes) return std::max<size_t>(1, announced);
  return likely;  // unknown, implausible, or no frame at all
}

class ZstdCodec final : public Codec {
 public:
  Status Compress(int level, std::string_view in, Buffer& out) override {
    if (compress_ == nullptr) compress_.reset(ZSTD_createCCtx());
    if (compress_ == nullptr) return CodecFailed(kType, "out of memory");
    out.EnsureFree(ZSTD_compressBound(in.size()));
    const size_t size = ZSTD_compressCCtx(compress_.get(), out.tail(), out.free_bytes(), in.data(),
                                          in.size(), level);
    if (ZSTD_isError(size)) return CodecFailed(kType, ZSTD_getErrorName(size));
    out.Commit(size);
    return OkStatus();
  }

  // All at once into `out`, again with more room when that was too little: so the output is its
  // own window, and a frame cannot demand memory for one.
  Status Decompress(std::string_view in, int64_t max_bytes, Buffer& out) override {
    if (decompress_ == nullptr) decompress_.reset(ZSTD_createDCtx());
    if (decompress_ == nullptr) return CodecFailed(kType, "out of memory");
    if (in.empty()) return CorruptData(kType, "no frame");
    const size_t limit = static_cast<size_t>(std::max<int64_t>(0, max_bytes));
    for (size_t room = FirstRoom(in);; room *= 4) {
      out.EnsureFree(std::min(room, limit));
      room = std::min(out.free_bytes(), limit);
      const size_t size =
          ZSTD_decompressDCtx(decompress_.get(), out.tail(), room, in.data(), in.size());
      if (!ZSTD_isError(size)) {
        out.Commit(size);
        return OkStatus();
      }
      if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) {
        return CorruptData(kType, ZSTD_getErrorName(size));
      }
      if (room == limit) return TooMuchData(kType, max_bytes);
    }
  }

 private:
  std::unique_ptr<ZSTD_CCtx, FreeContext> compress_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> decompress_;
};

}  // namespace

std::unique_ptr<Codec> NewZstdCodec() {
  return std::make_unique<ZstdCodec>();
}

}  // namespace runnel::record::internal
#else
namespace runnel::record::internal {
std::unique_ptr<Codec> NewZstdCodec() {
  return nullptr;
}
}  // namespace runnel::record::internal
#endif
