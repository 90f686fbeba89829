// Frames: what a connection carries in both directions is [size: int32][size bytes]...
//
// FrameReader cuts received bytes into frames, OutgoingFrame is one that is ready to be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/writer.h"
#include "runnel/error.h"
#include "wire/api_table.h"
#include "wire/message.h"

namespace runnel::wire {

// Receives into one buffer that is used again and again:
//
//   for (;;) {
//     StatusOr<std::optional<std::string_view>> frame = reader.Next();
//     if (!frame.ok()) -> close; if (*frame) -> handle it, go on;
//     const auto room = reader.Room();
//     reader.Received(socket.read(room));
//   }
//
// A length is checked before a byte behind it is kept. The buffer grows with the bytes received,
// however many are announced: when it is full of unread ones, to at most twice their size.
//
// Thread safety: thread-compatible.
class FrameReader final {
 public:
  static constexpr size_t kMinCapacityBytes = size_t{16} << 10;

  // Frames above `max_frame_bytes` are refused; Kafka's socket.request.max.bytes is 100 MiB.
  explicit FrameReader(size_t max_frame_bytes);
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // The next whole frame, without its length; nullopt when bytes are missing.
  // Errors: kInvalidRequest for a length that is negative or above the limit; it stays so.
  // Lifetime: the frame is valid until the next call of Room() or Trim().
  StatusOr<std::optional<std::string_view>> Next();

  // Where the next bytes go; never empty. Call when Next() has no more.
  std::span<char> Room();
  // The first `size_bytes` of Room() have been filled.
  void Received(size_t size_bytes);

  // Gives memory back that holds no bytes; for connections that have been quiet for a while.
  void Trim();

  // Received but not yet returned by Next().
  size_t pending_bytes() const { return end_ - begin_; }
  // Memory held.
  size_t capacity_bytes() const { return capacity_; }

 private:
  // Bytes of the next frame with its length; nullopt while the length is incomplete.
  std::optional<int64_t> NextFrameBytes() const;
  // Moves the pending bytes to the front of a buffer of `capacity`.
  void Move(size_t capacity);

  size_t max_frame_bytes_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of the pending bytes
  size_t end_ = 0;
};

// One frame with its length and header. Large record bytes are not copied into it: `splices` says
// where they belong, `pins` keeps them alive until the frame has been sent.
// Lifetime: splices borrow from the message that was encoded; whoever encodes fills `pins`.
struct OutgoingFrame {
  std::string bytes = {};
  std::vector<codec::Splice> splices = {};
  std::vector<std::shared_ptr<const void>> pins = {};

  // With the spliced bytes.
  size_t size_bytes() const;
  // Appends what to send, in order: a gather list. Borrows the frame.
  void AppendPieces(std::vector<std::string_view>& pieces) const;
  // For the next message; keeps the memory of `bytes`.
  void Clear();
};

// Appends header and message to an empty frame and sets its length.
// Errors: kUnsupportedVersion; kInvalidRequest when a string is longer than 32,767 bytes or the
// frame than 2 GiB. The frame is then of no use.
template <class Request>
Status EncodeRequest(const Request& request, int16_t version, int32_t correlation_id,
                     std::optional<std::string_view> client_id, OutgoingFrame& frame);
template <class Response>
Status EncodeResponse(const Response& response, int16_t version, int32_t correlation_id,
                      OutgoingFrame& frame);

// The two halves of the above.
Status BeginRequest(ApiKey key, int16_t version, int32_t correlation_id,
                    std::optional<std::string_view> client_id, OutgoingFrame& frame);
Status BeginResponse(ApiKey key, int16_t version, int32_t correlation_id, OutgoingFrame& frame);
Status FinishFrame(OutgoingFrame& frame);

template <class Request>
Status EncodeRequest(const Request& request, int16_t version, int32_t correlation_id,
                     std::optional<std::string_view> client_id, OutgoingFrame& frame) {
  constexpr ApiKey kKey = static_cast<ApiKey>(Request::kApi.key);
  Status status = BeginRequest(kKey, version, correlation_id, client_id, frame);
  if (status.ok()) status = Encode(request, version, frame.bytes, &frame.splices);
  return status.ok() ? FinishFrame(frame) : status;
}

template <class Response>
Status EncodeResponse(const Response& response, int16_t version, int32_t correlation_id,
                      OutgoingFrame& frame) {
  constexpr ApiKey kKey = static_cast<ApiKey>(Response::kApi.key);
  Status status = BeginResponse(kKey, version, correlation_id, frame);
  if (status.ok()) status = Encode(response, version, frame.bytes, &frame.splices);
  return status.ok() ? FinishFrame(frame) : status;
}

}  // namespace runnel::wire
