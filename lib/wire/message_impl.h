// The codec templates behind message.h. For the .cc files of messages only:
//   template struct Message<HeartbeatRequest>;
#pragma once

#include "codec/codec.h"
#include "wire/message.h"

namespace runnel::wire {

template <class T>
StatusOr<T> Message<T>::Decode(std::string_view bytes, int16_t version) {
  return codec::Decode<T>(bytes, version);
}

template <class T>
Status Message<T>::Encode(const T& message, int16_t version, std::string& out,
                          std::vector<codec::Splice>* splices) {
  return codec::Encode(message, version, out, splices);
}

}  // namespace runnel::wire
