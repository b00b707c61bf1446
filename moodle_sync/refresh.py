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
    """Stages a course by the stamps. Called, it gives the suspensions of accounts it came to know, or None: it is
    cheaper, or the only way, to read everything."""

    course: Course
    reader: CourseReader
    staging: Staging

    def __call__(self) -> dict[int, bool] | None:
        reading = self.reader.reading
        for page in self.reader.pages(stamps_only=True):
            self.staging.add_stamps(page)
        with joining(reading.people):
            reading.overlapping |= self.staging.drop_duplicates()
            doubtful = self.staging.doubtful(self.course)
        if len(doubtful) * PROFILE_MS > reading.people * ROW_MS:
            return None
        try:
            accounts = self._details(doubtful)
        except MoodleRefused:  # the list shows the same people, dearer
            return None
        self._number_gaps()
        return accounts

    def _details(self, doubtful: list[int]) -> dict[int, bool]:
        accounts: dict[int, bool] = {}
        for profiles in self.reader.profiles(doubtful):
            with joining(self.reader.reading.people):
                self.staging.add_details(profile.person for profile in profiles)
            accounts |= {p.person.moodle_id: p.account_suspended for p in profiles if p.account_suspended is not None}
        return accounts

    def _number_gaps(self) -> None:
        """A profile that Moodle could not give is named by its position in the list, like any other."""
        gaps = self.reader.reading.gaps
        numbered = [gap for gap in gaps if gap.position is not None]
        for gap in gaps:
            if gap.position is None:
                before = StagedPerson.objects.filter(run=self.staging.run_id, moodle_id__lte=gap.after_id).count()
                gap.position = before + sum(other.after_id <= gap.after_id for other in numbered)
