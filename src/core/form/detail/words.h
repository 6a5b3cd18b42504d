#pragma once

#include "core/form/page.h"

namespace weft::form::detail {

enum class Word : std::uint8_t {
    kSend,
    kRequiredNote,
    kOptional,
    kChoose,
    kOneWrong,
    kSomeWrong,
    kTrapped,
    kLeaveEmpty,
    kTimesIn,
    kFillIn,
    kPick,
    kAgree,
    kNotOffered,
    kNumber,
    kWholeNumber,
    kEmail,
    kUrl,
    kDate,
    kDateTime,
    kNotAccepted,
    kRange,
    kAtLeast,
    kAtMost,
    kCharacters,
    kCharactersAtLeast,
    kCharactersAtMost,
    kOptions,
    kOptionsAtLeast,
    kOptionsAtMost,
    kAccepted,
    kFileAtMost,
    kFilesAtMost,
    kPickFile,
    kFileTooLarge,
    kFileWrongType,
    kFilesTooMany,
    kFilesTooFew,
    kFilesAgain,
    kSentTitle,
    kSentText,
    kUnknownTitle,
    kUnknownText,
    kInactiveTitle,
    kInactiveText,
    kTooManyTitle,
    kTooManyText,
    kTooLargeTitle,
    kTooLargeText,
    kUnreadableTitle,
    kUnreadableText,
    kUnavailableTitle,
    kUnavailableText,
    kCount,
};

/// `{}` in it stands for what the caller fills in.
std::string_view word(Word word, Language language);

}  // namespace weft::form::detail
