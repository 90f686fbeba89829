// Finds what somebody probably meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runnel::base {

// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`.
// Cost: the product of the lengths.
size_t EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, for "did you mean"; nullopt when none is near (more than a
// third of the word differs, but two changes always count as near). The first of equals wins.
std::optional<std::string_view> Nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// ", did you mean \"retention.ms\"?", or nothing: to be added to an error text.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace runnel::base
