#include "wire/header.h"

#include "base/status.h"
#include "base/strings.h"
#include "codec/codec.h"
#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<RequestHeader>;
template struct Message<ResponseHeader>;

namespace {

// Reads a header off the front of `frame`.
template <class Header>
StatusOr<Header> TakeHeader(std::string_view& frame, int16_t version) {
  Header header;
  codec::Reader reader(frame, version, Header::kApi.IsFlexible(version));
  reader.Struct(header);
  RUNNEL_RETURN_IF_ERROR(reader.status());
  frame = reader.rest();
  return header;
}

}  // namespace

StatusOr<ReceivedRequest> ReadRequest(std::string_view frame) {
  std::string_view front = frame;
  RUNNEL_ASSIGN_OR_RETURN(const int16_t key, codec::TakeInt16(front));
  RUNNEL_ASSIGN_OR_RETURN(const int16_t version, codec::TakeInt16(front));
  const ApiInfo* api = FindApi(key);
  if (api == nullptr) {
    return Error(ErrorCode::kInvalidRequest, base::StrCat("unknown api key ", key));
  }
  if (!api->versions.Contains(version) && api->key != ApiKey::kApiVersions) {
    return Error(ErrorCode::kUnsupportedVersion,
                 base::StrCat(api->name, " has no version ", version));
  }
  RUNNEL_ASSIGN_OR_RETURN(const RequestHeader header,
                          TakeHeader<RequestHeader>(frame, api->RequestHeaderVersion(version)));
  return ReceivedRequest{.header = header, .api = api, .body = frame};
}

StatusOr<ReceivedResponse> ReadResponse(std::string_view frame, ApiKey key, int16_t version) {
  const ApiInfo* api = FindApi(static_cast<int16_t>(key));
  if (api == nullptr || !api->versions.Contains(version)) {
    return Error(ErrorCode::kUnsupportedVersion,
                 base::StrCat("api key ", static_cast<int16_t>(key), " has no version ", version));
  }
  RUNNEL_ASSIGN_OR_RETURN(const ResponseHeader header,
                          TakeHeader<ResponseHeader>(frame, api->ResponseHeaderVersion(version)));
  return ReceivedResponse{.correlation_id = header.correlation_id, .body = frame};
}

}  // namespace runnel::wire
