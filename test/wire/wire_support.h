// Messages as rows of a table, so that every check runs over all of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/describer.h"
#include "codec/json_writer.h"
#include "wire/message.h"

namespace runnel::wire {

struct MessageUnderTest {
  std::string name = {};  // "ProduceRequest"
  codec::Api api = {};
  std::string (*describe)() = nullptr;
  // Decodes and drops the message.
  Status (*read)(std::string_view bytes, int16_t version) = nullptr;
  // Decodes, then writes as JSON, or as bytes.
  StatusOr<std::string> (*to_json)(std::string_view bytes, int16_t version) = nullptr;
  StatusOr<std::string> (*rewrite)(std::string_view bytes, int16_t version) = nullptr;
};

template <class T>
MessageUnderTest Under(std::string_view name) {
  return {
      .name = std::string(name),
      .api = T::kApi,
      .describe = [] { return codec::Describe<T>(); },
      .read = [](std::string_view bytes,
                 int16_t version) { return Decode<T>(bytes, version).status(); },
      .to_json = [](std::string_view bytes, int16_t version) -> StatusOr<std::string> {
        const auto message = Decode<T>(bytes, version);
        if (!message.ok()) return message.status();
        return codec::ToJson(*message, version);
      },
      .rewrite = [](std::string_view bytes, int16_t version) -> StatusOr<std::string> {
        const auto message = Decode<T>(bytes, version);
        if (!message.ok()) return message.status();
        std::string out;
        const Status status = Encode(*message, version, out);
        if (!status.ok()) return status;
        return out;
      },
  };
}

// Both messages of an API.
template <class Request, class Response>
void AddPair(std::string_view api, std::vector<MessageUnderTest>& out) {
  out.push_back(Under<Request>(std::string(api) + "Request"));
  out.push_back(Under<Response>(std::string(api) + "Response"));
}

std::vector<MessageUnderTest> CoreMessages();
std::vector<MessageUnderTest> GroupMessages();
std::vector<MessageUnderTest> AdminMessages();
std::vector<MessageUnderTest> TxnMessages();
std::vector<MessageUnderTest> AllMessages();

// The schema of a message as the reference texts and as our structs tell it: one line per field in
// one spelling, cut to `versions`.
std::string CanonicalSchema(std::string_view lines, codec::Versions versions);

}  // namespace runnel::wire
