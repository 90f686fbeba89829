// Which names topics may have.
#pragma once

#include <string>
#include <string_view>

#include "runnel/error.h"

namespace runnel::metadata {

// Errors: kInvalidTopicException unless `name` is 1 to 249 of [A-Za-z0-9._-] and not "." or "..".
Status ValidateTopicName(std::string_view name);

// Metric names replace '.' by '_': two topics whose names become equal collide. Topics with equal
// CollisionKey must not both exist.
std::string CollisionKey(std::string_view name);

// Topics the coordinators keep their state in. Clients may read them but not write to them.
bool IsInternalTopic(std::string_view name);

}  // namespace runnel::metadata
