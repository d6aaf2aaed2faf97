package arcade;

@SpringBootApplication
@EnableDiscoveryClient
@EnableResourceServer
public class Scores {
    public static void main(String[] args) {
        SpringApplication.run(Scores.class, args);
    }
}
