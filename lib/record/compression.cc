#include "record/compression.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "record/codec.h"

namespace runnel::record {
namespace {

using internal::Codec;

struct CodecInfo {
  CompressionType type;
  std::unique_ptr<Codec> (*make)();  // null: in no build
  bool available;
  std::string_view library;  // as Debian names it
  std::optional<LevelRange> levels;
};

#ifdef RUNNEL_HAVE_ZLIB
constexpr bool kHaveZlib = true;
#else
constexpr bool kHaveZlib = false;
#endif
#ifdef RUNNEL_HAVE_SNAPPY
constexpr bool kHaveSnappy = true;
#else
constexpr bool kHaveSnappy = false;
#endif
#ifdef RUNNEL_HAVE_ZSTD
constexpr bool kHaveZstd = true;
#else
constexpr bool kHaveZstd = false;
#endif

// Indexed by codec number. Levels as in Kafka's CompressionType.
constexpr std::array<CodecInfo, 5> kCodecs{{
    {CompressionType::kNone, nullptr, true, "", std::nullopt},
    {CompressionType::kGzip, internal::NewGzipCodec, kHaveZlib, "zlib1g-dev", LevelRange{1, 9, -1}},
    {CompressionType::kSnappy, internal::NewSnappyCodec, kHaveSnappy, "libsnappy-dev",
     std::nullopt},
    {CompressionType::kLz4, internal::NewLz4Codec, true, "liblz4-dev", LevelRange{1, 17, 9}},
    {CompressionType::kZstd, internal::NewZstdCodec, kHaveZstd, "libzstd-dev",
     LevelRange{-131072, 22, 3}},
}};

const CodecInfo* Find(CompressionType type) {
  const auto number = static_cast<size_t>(type);
  return number < kCodecs.size() ? &kCodecs[number] : nullptr;
}

int LevelFor(const CodecInfo& info, std::optional<int> level) {
  if (!info.levels.has_value()) return 0;
  if (!level.has_value() || *level == info.levels->default_level) {
    return info.levels->default_level;
  }
  return std::clamp(*level, info.levels->min, info.levels->max);
}

}  // namespace

namespace internal {

Status CorruptData(CompressionType type, std::string_view reason) {
  return Error(ErrorCode::kCorruptMessage, base::StrCat(ToString(type), " data: ", reason));
}

Status TooMuchData(CompressionType type, int64_t max_bytes) {
  return Error(ErrorCode::kRecordListTooLarge,
               base::StrCat(ToString(type), " data decompresses to more than the limit of ",
                            max_bytes, " bytes"));
}

Status CodecFailed(CompressionType type, std::string_view reason) {
  return Error(ErrorCode::kUnknownServerError,
               base::StrCat(ToString(type), " could not compress: ", reason));
}

}  // namespace internal

bool IsSupported(CompressionType type) {
  const CodecInfo* info = Find(type);
  return info != nullptr && info->available;
}

Status CheckSupported(CompressionType type) {
  const CodecInfo* info = Find(type);
  if (info == nullptr) {
    return Error(ErrorCode::kUnsupportedCompressionType,
                 base::StrCat("codec ", static_cast<int>(type), " is none of Kafka's"));
  }
  if (info->available) return OkStatus();
  return Error(ErrorCode::kUnsupportedCompressionType,
               base::StrCat("this build has no ", ToString(type), "; install ", info->library,
                            " and build Runnel again"));
}

std::optional<LevelRange> LevelsOf(CompressionType type) {
  const CodecInfo* info = Find(type);
  return info == nullptr ? std::nullopt : info->levels;
}

struct Codecs::Impl {
  explicit Impl(size_t max) : max_idle(max) {}

  std::unique_ptr<Codec> Take(const CodecInfo& info) {
    {
      const base::Lock lock(mutex);
      auto& idle_codecs = idle[static_cast<size_t>(info.type)];
      if (!idle_codecs.empty()) {
        std::unique_ptr<Codec> codec = std::move(idle_codecs.back());
        idle_codecs.pop_back();
        return codec;
      }
    }
    return info.make();
  }

  void Give(const CodecInfo& info, std::unique_ptr<Codec> codec) {
    const base::Lock lock(mutex);
    auto& idle_codecs = idle[static_cast<size_t>(info.type)];
    if (idle_codecs.size() < max_idle) idle_codecs.push_back(std::move(codec));
  }

  const size_t max_idle;
  absl::Mutex mutex;
  std::array<std::vector<std::unique_ptr<Codec>>, kCodecs.size()> idle ABSL_GUARDED_BY(mutex);
};

Codecs::Codecs(size_t max_idle_contexts) : impl_(std::make_unique<Impl>(max_idle_contexts)) {}
Codecs::~Codecs() = default;

Status Codecs::Compress(CompressionType type, std::optional<int> level, std::string_view in,
                        Buffer& out) {
  if (Status status = CheckSupported(type); !status.ok()) return status;
  if (type == CompressionType::kNone) {
    out.Append(in);
    return OkStatus();
  }
  const CodecInfo& info = *Find(type);
  std::unique_ptr<Codec> codec = impl_->Take(info);
  const size_t before = out.size();
  Status status = codec->Compress(LevelFor(info, level), in, out);
  if (!status.ok()) out.Truncate(before);
  impl_->Give(info, std::move(codec));
  return status;
}

Status Codecs::Decompress(CompressionType type, std::string_view in, int64_t max_bytes,
                          Buffer& out) {
  if (Status status = CheckSupported(type); !status.ok()) return status;
  if (type == CompressionType::kNone) {
    if (static_cast<int64_t>(in.size()) > max_bytes) return internal::TooMuchData(type, max_bytes);
    out.Append(in);
    return OkStatus();
  }
  const CodecInfo& info = *Find(type);
  std::unique_ptr<Codec> codec = impl_->Take(info);
  const size_t before = out.size();
  Status status = codec->Decompress(in, max_bytes, out);
  if (!status.ok()) out.Truncate(before);
  impl_->Give(info, std::move(codec));
  return status;
}

}  // namespace runnel::record
