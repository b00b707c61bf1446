"""Everyone's access stamps, and the other fields of those only of whom what is stored may be wrong."""

from dataclasses import dataclass

from moodle_sync.errors import MoodleRefused
from moodle_sync.models import Course, StagedPerson
from moodle_sync.planning import joining
from moodle_sync.reading import CourseReader
from moodle_sync.staging import Staging

PROFILE_MS, ROW_MS = 6.5, 2.4
"""What somebody costs Moodle alone, and in a full page."""


@dataclass
class Refresh:
    """Stages a course by the stamps. Called, it says whether that will do, or everything must be read."""

    course: Course
    reader: CourseReader
    staging: Staging

    def __call__(self) -> bool:
        reading = self.reader.reading
        for page in self.reader.pages(stamps_only=True):
            self.staging.add_stamps(page)
        with joining(reading.people):
            reading.overlapping |= self.staging.drop_duplicates()
            doubtful = self.staging.doubtful(self.course)
        if len(doubtful) * PROFILE_MS > reading.people * ROW_MS:
            return False
        try:
            self._details(doubtful)
        except MoodleRefused:  # the list shows the same people, dearer
            return False
        self._number_gaps()
        return True

    def _details(self, doubtful: list[int]) -> None:
        for profiles in self.reader.profiles(doubtful):
            with joining(self.reader.reading.people):
                self.staging.add_details(profile.person for profile in profiles)
            said = {profile.person.moodle_id: profile.account_suspended for profile in profiles}
            self.staging.add_accounts({user_id: value for user_id, value in said.items() if value is not None})

    def _number_gaps(self) -> None:
        """A profile that Moodle could not give is named by its position in the list, like any other."""
        gaps = self.reader.reading.gaps
        numbered = [gap for gap in gaps if gap.position is not None]
        for gap in gaps:
            if gap.position is None:
                before = StagedPerson.objects.filter(run=self.staging.run_id, moodle_id__lte=gap.after_id).count()
                gap.position = before + sum(other.after_id <= gap.after_id for other in numbered)
