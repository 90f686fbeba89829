#include "wire/frame.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "support/hex.h"
#include "support/status.h"
#include "wire/api_versions.h"
#include "wire/fetch.h"
#include "wire/header.h"
#include "wire/heartbeat.h"

namespace runnel::wire {
namespace {

using testing::FromHex;
using testing::ToHex;

// Hands in bytes as a socket would: as many as there is room for, at most `step` at once.
std::vector<std::string> ReadAll(FrameReader& reader, std::string_view bytes, size_t step) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const std::span<char> room = reader.Room();
    const size_t size = std::min({room.size(), bytes.size(), step});
    std::memcpy(room.data(), bytes.data(), size);
    reader.Received(size);
    bytes.remove_prefix(size);
    for (;;) {
      const auto frame = reader.Next();
      REQUIRE_OK(frame);
      if (!*frame) break;
      frames.emplace_back(**frame);
    }
  }
  return frames;
}

std::string Frame(std::string_view body) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<size_t>(i)] = static_cast<char>(body.size() >> (24 - 8 * i));
  return bytes.append(body);
}

std::string Sent(const OutgoingFrame& frame) {
  std::vector<std::string_view> pieces;
  frame.AppendPieces(pieces);
  std::string bytes;
  for (const std::string_view piece : pieces)
    bytes += piece;
  return bytes;
}

}  // namespace

TEST_CASE("Frames come out as they went in, however the bytes arrive", "[wire][frame]") {
  const std::vector<std::string> sent = {"",  "a", std::string(5000, 'b'), std::string(100000, 'c'),
                                         "d", "",  std::string(20000, 'e')};
  std::string bytes;
  for (const std::string& body : sent)
    bytes += Frame(body);
  for (const size_t step : {size_t{1}, size_t{3}, size_t{1000}, size_t{16384}, size_t{1} << 20}) {
    INFO("step " << step);
    FrameReader reader(1 << 20);
    CHECK(ReadAll(reader, bytes, step) == sent);
    CHECK(reader.pending_bytes() == 0);
    CHECK(reader.capacity_bytes() <= 2 * 100004 + FrameReader::kMinCapacityBytes);
    reader.Trim();
    CHECK(reader.capacity_bytes() == 0);
    CHECK(ReadAll(reader, bytes, step) == sent);
  }
}

TEST_CASE("Memory grows with bytes received, not with bytes announced", "[wire][frame]") {
  FrameReader reader(100 << 20);
  CHECK(reader.capacity_bytes() == 0);
  CHECK(ReadAll(reader, FromHex("05f00000"), 4).empty());  // 99 MiB
  CHECK(reader.capacity_bytes() == FrameReader::kMinCapacityBytes);
  for (size_t received = 4; received < 300000; received += 1000) {
    CHECK(ReadAll(reader, std::string(1000, 'x'), 1000).empty());
    CHECK(reader.capacity_bytes() <=
          std::max(FrameReader::kMinCapacityBytes, 2 * (received + 1000)));
  }
  reader.Trim();
  CHECK(reader.capacity_bytes() > 0);  // bytes are pending
}

TEST_CASE("A length outside the limit is refused", "[wire][frame][bad-input]") {
  for (const char* hex : {"00000065", "7fffffff", "80000000", "ffffffff"}) {
    INFO(hex);
    FrameReader reader(100);
    const std::string bytes = FromHex(hex);
    std::memcpy(reader.Room().data(), bytes.data(), bytes.size());
    reader.Received(bytes.size());
    CHECK(CodeOf(reader.Next()) == ErrorCode::kInvalidRequest);
    CHECK(CodeOf(reader.Next()) == ErrorCode::kInvalidRequest);
  }
  FrameReader reader(100);
  CHECK(ReadAll(reader, Frame(std::string(100, 'x')), 7).size() == 1);
}

TEST_CASE("A request is framed with the header of its version", "[wire][frame]") {
  const HeartbeatRequest request{.group_id = "g", .generation_id = 3, .member_id = "m"};
  OutgoingFrame frame;
  REQUIRE_OK(EncodeRequest(request, 3, 7, "me", frame));
  CHECK(ToHex(Sent(frame)) ==
        "00000018"
        "000c000300000007"
        "00026d65"
        "000167"
        "00000003"
        "00016d"
        "ffff");
  frame.Clear();
  REQUIRE_OK(EncodeRequest(request, 4, 7, "me", frame));
  const std::string bytes = Sent(frame);
  CHECK(ToHex(bytes) ==
        "00000017"
        "000c000400000007"
        "00026d65"
        "00"
        "0267"
        "00000003"
        "026d"
        "00"
        "00");
  const auto received = ReadRequest(std::string_view(bytes).substr(4));
  REQUIRE_OK(received);
  CHECK(received->api->name == "Heartbeat");
  CHECK(received->IsVersionKnown());
  CHECK(received->header.correlation_id == 7);
  CHECK(received->header.client_id == "me");
  const auto read = Decode<HeartbeatRequest>(received->body, received->header.api_version);
  REQUIRE_OK(read);
  CHECK(read->member_id == "m");
  CHECK(read->generation_id == 3);
}

TEST_CASE("A response is framed with the header of its version", "[wire][frame]") {
  const HeartbeatResponse response{.error_code = ErrorCode::kRebalanceInProgress};
  OutgoingFrame frame;
  REQUIRE_OK(EncodeResponse(response, 3, 7, frame));
  CHECK(ToHex(Sent(frame)) ==
        "0000000a"
        "00000007"
        "00000000"
        "001b");
  frame.Clear();
  REQUIRE_OK(EncodeResponse(response, 4, 7, frame));
  const std::string bytes = Sent(frame);
  CHECK(ToHex(bytes) ==
        "0000000c"
        "00000007"
        "00"
        "00000000"
        "001b"
        "00");
  const auto received = ReadResponse(std::string_view(bytes).substr(4), ApiKey::kHeartbeat, 4);
  REQUIRE_OK(received);
  CHECK(received->correlation_id == 7);
  CHECK(ToHex(received->body) == "00000000001b00");
  CHECK(CodeOf(ReadResponse(bytes, ApiKey::kHeartbeat, 5)) == ErrorCode::kUnsupportedVersion);
}

TEST_CASE("ApiVersions can be asked in a version that is too new", "[wire][frame]") {
  OutgoingFrame frame;
  REQUIRE_OK(EncodeResponse(ApiVersionsResponse{}, 3, 7, frame));
  // No tagged fields in the header: the body begins at once.
  CHECK(ToHex(Sent(frame)) ==
        "0000000c"
        "00000007"
        "0000"
        "01"
        "00000000"
        "00");

  const std::string bytes = FromHex("0012 0063 00000007 0001 63 00 ffff");
  const auto newer = ReadRequest(bytes);
  REQUIRE_OK(newer);
  CHECK_FALSE(newer->IsVersionKnown());
  CHECK(newer->header.correlation_id == 7);
}

TEST_CASE("Requests we do not speak are refused", "[wire][frame][bad-input]") {
  CHECK(CodeOf(ReadRequest(FromHex("03e7 0000 00000007 ffff"))) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(ReadRequest(FromHex("ffff 0000 00000007 ffff"))) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(ReadRequest(FromHex("0004 0000 00000007 ffff"))) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(ReadRequest(FromHex("000c 0005 00000007 ffff"))) == ErrorCode::kUnsupportedVersion);
  CHECK(CodeOf(ReadRequest(FromHex("000c ffff 00000007 ffff"))) == ErrorCode::kUnsupportedVersion);
  const std::string whole = FromHex("000c 0004 00000007 0002 6d65 00");
  REQUIRE_OK(ReadRequest(whole));
  for (size_t size = 0; size < whole.size(); ++size)
    CHECK(CodeOf(ReadRequest(whole.substr(0, size))) == ErrorCode::kInvalidRequest);
}

TEST_CASE("Record bytes of a fetch are sent from where they lie", "[wire][frame]") {
  const std::string small(100, 's');
  const std::string first(5000, 'f');
  const std::string second(2000, 'g');
  FetchResponse response;
  response.responses = {{.topic = "t"}};
  auto& partitions = response.responses[0].partitions;
  partitions.push_back({.partition_index = 0, .records = {{first, second}}});
  partitions.push_back({.partition_index = 1, .records = {{small}}});
  partitions.push_back({.partition_index = 2, .records = {{second}}});
  for (const int16_t version : {int16_t{4}, int16_t{11}, int16_t{12}}) {
    INFO("version " << version);
    OutgoingFrame frame;
    REQUIRE_OK(EncodeResponse(response, version, 7, frame));
    std::vector<std::string_view> pieces;
    frame.AppendPieces(pieces);
    const auto count = [&](const std::string& records) {
      return std::count_if(pieces.begin(), pieces.end(), [&](std::string_view piece) {
        return piece.data() == records.data() && piece.size() == records.size();
      });
    };
    CHECK(count(first) == 1);
    CHECK(count(second) == 2);
    CHECK(count(small) == 0);
    CHECK(frame.bytes.size() < 500);

    // What arrives is what would have been copied.
    const std::string bytes = Sent(frame);
    CHECK(bytes.size() == frame.size_bytes());
    std::string body;
    REQUIRE_OK(Encode(response, version, body));
    CHECK(bytes.substr(version >= 12 ? 9 : 8) == body);
    const auto read = Decode<FetchResponse>(body, version);
    REQUIRE_OK(read);
    const auto& records = read->responses[0].partitions[0].records;
    REQUIRE(records.has_value());
    REQUIRE(records->size() == 1);
    CHECK(records->front() == first + second);
    CHECK(records->front().data() > body.data());  // a view into the frame
    CHECK(records->front().data() < body.data() + body.size());
  }
}

TEST_CASE("A frame that is used again forgets what it held", "[wire][frame]") {
  const std::string records(5000, 'f');
  FetchResponse response;
  response.responses = {{.topic = "t", .partitions = {{.records = {{records}}}}}};
  OutgoingFrame frame;
  REQUIRE_OK(EncodeResponse(response, 12, 7, frame));
  frame.pins.push_back(std::make_shared<int>(1));
  frame.Clear();
  REQUIRE_OK(EncodeResponse(HeartbeatResponse{}, 0, 8, frame));
  CHECK(ToHex(Sent(frame)) == "00000006000000080000");
  CHECK(frame.pins.empty());
}

}  // namespace runnel::wire
