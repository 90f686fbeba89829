#include "wire/frame.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "wire/header.h"

namespace runnel::wire {
namespace {

constexpr size_t kLengthBytes = 4;
// Less than this is not worth a system call, unless it completes a frame.
constexpr size_t kMinRoomBytes = 1024;

}  // namespace

FrameReader::FrameReader(size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

std::optional<int64_t> FrameReader::NextFrameBytes() const {
  if (pending_bytes() < kLengthBytes) return std::nullopt;
  const auto announced = base::LoadBigEndian<int32_t>(buffer_.get() + begin_);
  return int64_t{announced} + static_cast<int64_t>(kLengthBytes);
}

StatusOr<std::optional<std::string_view>> FrameReader::Next() {
  const std::optional<int64_t> whole = NextFrameBytes();
  if (!whole) return std::optional<std::string_view>();
  const int64_t size = *whole - static_cast<int64_t>(kLengthBytes);
  if (size < 0 || static_cast<uint64_t>(size) > max_frame_bytes_) {
    return Error(ErrorCode::kInvalidRequest,
                 base::StrCat("frame of ", size, " bytes is outside [0, ", max_frame_bytes_, "]"));
  }
  if (static_cast<size_t>(*whole) > pending_bytes()) return std::optional<std::string_view>();
  const std::string_view frame(buffer_.get() + begin_ + kLengthBytes, static_cast<size_t>(size));
  begin_ += static_cast<size_t>(*whole);
  return std::optional<std::string_view>(frame);
}

std::span<char> FrameReader::Room() {
  if (begin_ == end_) begin_ = end_ = 0;
  const size_t pending = pending_bytes();
  size_t wanted = pending + kMinRoomBytes;
  if (const auto whole = NextFrameBytes(); whole && *whole > static_cast<int64_t>(pending)) {
    wanted = static_cast<size_t>(*whole);
  }
  if (begin_ + wanted > capacity_) {
    if (begin_ > 0) {
      Move(capacity_);
    } else if (end_ == capacity_) {
      Move(std::max(kMinCapacityBytes, std::min(wanted, 2 * pending)));
    }
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::Move(size_t capacity) {
  const size_t pending = pending_bytes();
  if (capacity == capacity_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, pending);
  } else {
    auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
    if (pending > 0) std::memcpy(buffer.get(), buffer_.get() + begin_, pending);
    buffer_ = std::move(buffer);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = pending;
}

void FrameReader::Received(size_t size_bytes) {
  RUNNEL_CHECK(size_bytes <= capacity_ - end_);
  end_ += size_bytes;
}

void FrameReader::Trim() {
  if (pending_bytes() > 0) return;
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
}

size_t OutgoingFrame::size_bytes() const {
  size_t size = bytes.size();
  for (const codec::Splice& splice : splices)
    size += splice.bytes.size();
  return size;
}

void OutgoingFrame::AppendPieces(std::vector<std::string_view>& pieces) const {
  const std::string_view all = bytes;
  size_t position = 0;
  for (const codec::Splice& splice : splices) {
    if (splice.position > position) {
      pieces.push_back(all.substr(position, splice.position - position));
    }
    pieces.push_back(splice.bytes);
    position = splice.position;
  }
  if (position < all.size()) pieces.push_back(all.substr(position));
}

void OutgoingFrame::Clear() {
  bytes.clear();
  splices.clear();
  pins.clear();
}

Status BeginRequest(ApiKey key, int16_t version, int32_t correlation_id,
                    std::optional<std::string_view> client_id, OutgoingFrame& frame) {
  RUNNEL_CHECK(frame.bytes.empty());
  const ApiInfo* api = FindApi(static_cast<int16_t>(key));
  RUNNEL_CHECK(api != nullptr);
  frame.bytes.append(kLengthBytes, '\0');
  const RequestHeader header{.api_key = static_cast<int16_t>(key),
                             .api_version = version,
                             .correlation_id = correlation_id,
                             .client_id = client_id};
  return Encode(header, api->RequestHeaderVersion(version), frame.bytes);
}

Status BeginResponse(ApiKey key, int16_t version, int32_t correlation_id, OutgoingFrame& frame) {
  RUNNEL_CHECK(frame.bytes.empty());
  const ApiInfo* api = FindApi(static_cast<int16_t>(key));
  RUNNEL_CHECK(api != nullptr);
  frame.bytes.append(kLengthBytes, '\0');
  return Encode(ResponseHeader{.correlation_id = correlation_id},
                api->ResponseHeaderVersion(version), frame.bytes);
}

Status FinishFrame(OutgoingFrame& frame) {
  const size_t size = frame.size_bytes() - kLengthBytes;
  if (size > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Error(ErrorCode::kInvalidRequest,
                 base::StrCat("a frame of ", size, " bytes is too long"));
  }
  base::StoreBigEndian(frame.bytes.data(), static_cast<int32_t>(size));
  return OkStatus();
}

}  // namespace runnel::wire
