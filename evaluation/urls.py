"""URLs of rounds, evaluations and ratings."""

from django.urls import path

from .views import moderation, rating, recommendation_progress, recommendations, rounds

app_name = "evaluation"
urlpatterns = [
    path("evaluation/", rounds.RoundList.as_view(), name="round_list"),
    path("evaluation/rounds/new/", rounds.RoundCreate.as_view(), name="round_create"),
    path("evaluation/rounds/<int:pk>/", rounds.RoundDetail.as_view(), name="round_detail"),
    path("evaluation/rounds/<int:pk>/add/", rounds.EvaluationAdd.as_view(), name="evaluation_add"),
    path("evaluation/rounds/<int:pk>/close/", rounds.RoundClose.as_view(), name="round_close"),
    path("evaluation/questions/<int:pk>/", rounds.QuestionAnswer.as_view(), name="question_answer"),
    path("evaluation/recommendations/", recommendations.RecommendationList.as_view(), name="recommendation_list"),
    path(
        "evaluation/recommendations/new/", recommendations.RecommendationCreate.as_view(), name="recommendation_create"
    ),
    *(
        path(f"evaluation/recommendations/<int:pk>/{suffix}", view.as_view(), name=f"recommendation_{name}")
        for suffix, view, name in (
            ("", recommendations.RecommendationDetail, "detail"),
            ("edit/", recommendations.RecommendationEdit, "edit"),
            ("issue/", recommendations.RecommendationIssue, "issue"),
            ("publish/", recommendations.RecommendationPublish, "publish"),
            ("withdraw/", recommendations.RecommendationWithdraw, "withdraw"),
            ("respond/", recommendations.RecommendationRespond, "respond"),
            ("send/", recommendations.ResponseSend, "send"),
            ("complete/", recommendations.RecommendationComplete, "complete"),
        )
    ),
    path(
        "evaluation/recommendations/<int:pk>/progress/<int:period>/",
        recommendation_progress.ProgressReport.as_view(),
        name="recommendation_progress",
    ),
    path("evaluation/<int:pk>/recommend/", recommendations.RecommendationAdd.as_view(), name="recommendation_add"),
    path("evaluation/<int:pk>/", rounds.EvaluationDetail.as_view(), name="evaluation_detail"),
    path("evaluation/<int:pk>/assign/", rounds.Assign.as_view(), name="assign"),
    path("evaluation/<int:pk>/conflict/", rounds.ConflictDeclare.as_view(), name="conflict_declare"),
    path("evaluation/<int:pk>/rate/review/", rating.RateReview.as_view(), name="rate_review"),
    path("evaluation/<int:pk>/rate/<slug:code>/", rating.Rate.as_view(), name="rate"),
    path("evaluation/<int:pk>/discuss/", moderation.Discuss.as_view(), name="discuss"),
    path("evaluation/<int:pk>/moderate/", moderation.Moderate.as_view(), name="moderate"),
    path("evaluation/<int:pk>/hand-over/", moderation.CommitteeSubmit.as_view(), name="hand_over"),
]
