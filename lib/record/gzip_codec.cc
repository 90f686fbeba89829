#include "record/codec.h"

#ifdef RUNNEL_HAVE_ZLIB
#include <zlib.h>

#include <algorithm>

namespace runnel::record::internal {
namespace {

constexpr CompressionType kType = CompressionType::kGzip;
constexpr int kGzipWindowBits = 15 + 16;  // a 32 KiB window, and the gzip container
constexpr int kMemoryLevel = 8;           // zlib's default
constexpr size_t kGrowBytes = 16 * 1024;

// zlib's interface is not const.
Bytef* Input(const char* data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));
}

class GzipCodec final : public Codec {
 public:
  ~GzipCodec() override {
    if (deflate_open_) deflateEnd(&deflate_);
    if (inflate_open_) inflateEnd(&inflate_);
  }

  Status Compress(int level, std::string_view in, Buffer& out) override {
    if (!OpenDeflate(level)) return CodecFailed(kType, "out of memory");
    const size_t bound = deflateBound(&deflate_, static_cast<uLong>(in.size()));
    out.EnsureFree(bound);
    deflate_.next_in = Input(in.data());
    deflate_.avail_in = static_cast<uInt>(in.size());
    deflate_.next_out = reinterpret_cast<Bytef*>(out.tail());
    deflate_.avail_out = static_cast<uInt>(bound);
    if (deflate(&deflate_, Z_FINISH) != Z_STREAM_END) return CodecFailed(kType, "no room");
    out.Commit(bound - deflate_.avail_out);
    return OkStatus();
  }

  Status Decompress(std::string_view in, int64_t max_bytes, Buffer& out) override {
    if (!OpenInflate()) return CodecFailed(kType, "out of memory");
    inflate_.next_in = Input(in.data());
    inflate_.avail_in = static_cast<uInt>(in.size());
    const size_t before = out.size();
    for (;;) {
      if (out.free_bytes() == 0) out.EnsureFree(std::max(kGrowBytes, in.size()));
      const size_t room = std::min<size_t>(out.free_bytes(), UINT32_MAX);
      inflate_.next_out = reinterpret_cast<Bytef*>(out.tail());
      inflate_.avail_out = static_cast<uInt>(room);
      const int result = inflate(&inflate_, Z_NO_FLUSH);
      out.Commit(room - inflate_.avail_out);
      if (static_cast<int64_t>(out.size() - before) > max_bytes) {
        return TooMuchData(kType, max_bytes);
      }
      if (result == Z_STREAM_END) {
        if (!AnotherMember()) return OkStatus();
        continue;
      }
      if (result != Z_OK && result != Z_BUF_ERROR) return CorruptData(kType, "malformed stream");
      if (inflate_.avail_in == 0 && inflate_.avail_out > 0) return CorruptData(kType, "cut");
    }
  }

 private:
  bool OpenDeflate(int level) {
    if (deflate_open_ && deflate_level_ == level) return deflateReset(&deflate_) == Z_OK;
    if (deflate_open_) deflateEnd(&deflate_);
    deflate_ = {};
    deflate_level_ = level;
    deflate_open_ = deflateInit2(&deflate_, level, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                                 Z_DEFAULT_STRATEGY) == Z_OK;
    return deflate_open_;
  }

  bool OpenInflate() {
    if (inflate_open_) return inflateReset(&inflate_) == Z_OK;
    inflate_open_ = inflateInit2(&inflate_, kGzipWindowBits) == Z_OK;
    return inflate_open_;
  }

  // Members may follow each other; anything else after a member is ignored, as Java does.
  bool AnotherMember() {
    return inflate_.avail_in >= 2 && inflate_.next_in[0] == 0x1f && inflate_.next_in[1] == 0x8b &&
           inflateReset(&inflate_) == Z_OK;
  }

  z_stream deflate_ = {};
  z_stream inflate_ = {};
  int deflate_level_ = 0;
  bool deflate_open_ = false;
  bool inflate_open_ = false;
};

}  // namespace

std::unique_ptr<Codec> NewGzipCodec() {
  return std::make_unique<GzipCodec>();
}

}  // namespace runnel::record::internal
#else
namespace runnel::record::internal {
std::unique_ptr<Codec> NewGzipCodec() {
  return nullptr;
}
}  // namespace runnel::record::internal
#endif
