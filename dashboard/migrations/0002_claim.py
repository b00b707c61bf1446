from django.db import migrations

# The next person of a list whom the caller may call: see `calls.leases.claim_next`. `OFFSET 0` keeps the conditions out
# of the search for the best order of joins.
CLAIM = """
CREATE FUNCTION dashboard_claim(
  candidates bigint[], caller bigint, open_states text[], since timestamptz, at timestamptz, until timestamptz
) RETURNS TABLE (enrolment bigint, person bigint, taken boolean) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH free AS (
    SELECT candidate.pk AS enrolment, human.id AS person
    FROM unnest(candidates) WITH ORDINALITY AS candidate (pk, rank)
    JOIN moodle_sync_enrolment one ON one.id = candidate.pk
    JOIN dashboard_personaccount account ON account.participant_id = one.participant_id
    JOIN dashboard_person human ON human.id = account.person_id
    WHERE NOT human.do_not_call AND one.standing = 'present' AND NOT EXISTS (
      SELECT FROM dashboard_lease lease
      WHERE lease.person_id = human.id AND lease.user_id <> caller AND lease.expires_at > at OFFSET 0
    ) AND EXISTS (
      SELECT FROM dashboard_followup follow_up
      WHERE follow_up.enrolment_id = candidate.pk AND follow_up.state = ANY (open_states) OFFSET 0
    ) AND NOT EXISTS (
      SELECT FROM dashboard_personaccount own
      JOIN moodle_sync_enrolment other ON other.participant_id = own.participant_id
      JOIN dashboard_followup told ON told.enrolment_id = other.id
      WHERE own.person_id = human.id AND told.last_contact_at >= since OFFSET 0
    )
    ORDER BY candidate.rank
    LIMIT 1
    FOR NO KEY UPDATE OF human SKIP LOCKED
  ), got AS (
    INSERT INTO dashboard_lease AS lease (person_id, user_id, taken_at, expires_at)
    SELECT free.person, caller, at, until FROM free
    ON CONFLICT (person_id) DO UPDATE
      SET user_id = excluded.user_id, taken_at = excluded.taken_at, expires_at = excluded.expires_at
      WHERE lease.user_id = excluded.user_id OR lease.expires_at <= excluded.taken_at
    RETURNING lease.person_id
  )
  SELECT free.enrolment, free.person, got.person_id IS NOT NULL FROM free LEFT JOIN got ON got.person_id = free.person;
END
$$
"""
FORGET = "DROP FUNCTION dashboard_claim(bigint[], bigint, text[], timestamptz, timestamptz, timestamptz)"


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0001_initial")]

    operations = [migrations.RunSQL(CLAIM, FORGET)]
